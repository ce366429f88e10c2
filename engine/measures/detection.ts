import type * as tf from '@tensorflow/tfjs';
import { requireTarget } from '../data/batchTarget';
import { averagePrecision, type LabelledBox, type PictureBoxes } from '../detection/averagePrecision';
import { decode } from '../detection/decode';
import { detectionLoss } from '../detection/head';
import type { TaskMeasures } from './measures';

const leastOverlap = 0.5;

/** The boxes in rows of five: top, left, bottom, right, class; class −1 holds none. */
const boxesIn = (values: Float32Array): LabelledBox[] => {
  const boxes: LabelledBox[] = [];
  for (let at = 0; at < values.length; at += 5) {
    const [top = 0, left = 0, bottom = 0, right = 0, label = -1] = values.subarray(at, at + 5);
    if (label >= 0) boxes.push({ top, left, bottom, right, label });
  }
  return boxes;
};

/** Average precision at an overlap of 0.5 over the split's boxes, and the head's loss. */
export const detection: TaskMeasures = {
  metric: 'ap50',
  rising: true,
  start: () => {
    const pictures: PictureBoxes[] = [];
    let loss = 0;
    return {
      add: ({ logits }, batch) => {
        const boxes = requireTarget(batch, 'boxes');
        const [count, rows, columns, channels] = (logits as tf.Tensor4D).shape;
        const values = logits.dataSync<'float32'>();
        const wanted = boxes.dataSync<'float32'>();
        const [size, row] = [rows * columns * channels, boxes.shape[1] * 5];
        for (let index = 0; index < count; index++)
          pictures.push({
            found: decode(values.subarray(index * size, (index + 1) * size), [rows, columns, channels]),
            wanted: boxesIn(wanted.subarray(index * row, (index + 1) * row)),
          });
        const { heat, box } = detectionLoss(logits as tf.Tensor4D, boxes);
        loss += (heat.add(box).dataSync()[0] ?? NaN) * count;
      },
      finish: () => ({ ap50: averagePrecision(pictures, leastOverlap), loss: loss / pictures.length }),
    };
  },
};
