import * as tf from '@tensorflow/tfjs';
import { requireTarget } from '../data/batchTarget';
import { ignored, type Batch } from '../data/dataset';
import { resizeBilinearTo } from '../losses/resample';
import type { Outputs } from '../models/network';
import type { TaskMeasures } from './measures';

/** For each class, of the pixels that count: in both, in the prediction, in the mask. [classes] each. */
interface Overlaps {
  both: tf.Tensor1D;
  predicted: tf.Tensor1D;
  wanted: tf.Tensor1D;
}

const overlaps = ({ logits }: Outputs, batch: Batch): Overlaps => {
  const mask = requireTarget(batch, 'mask');
  const [, height, width] = mask.shape;
  const scores = resizeBilinearTo(logits as tf.Tensor4D, height, width);
  const classes = scores.shape[3];
  const counts = mask.notEqual(ignored).toFloat().reshape([-1, 1]);
  const chosen = tf.oneHot(scores.argMax(-1).toInt().flatten(), classes).toFloat().mul(counts);
  const named = tf.oneHot(mask.mul(mask.notEqual(ignored).toInt()).toInt().flatten(), classes);
  const wanted = named.toFloat().mul(counts);
  return { both: chosen.mul(wanted).sum(0), predicted: chosen.sum(0), wanted: wanted.sum(0) };
};

/** Mean over the classes that occur in mask or prediction. */
const meanOverlap = ({ both, predicted, wanted }: Overlaps): tf.Scalar => {
  const union = predicted.add<tf.Tensor1D>(wanted).sub<tf.Tensor1D>(both);
  const occurs = union.greater(0).toFloat();
  return tf.div(tf.div(both, union.maximum(1)).sum(), occurs.sum().maximum(1));
};

const listOf = (tensor: tf.Tensor): number[] => [...tensor.dataSync()];
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * Mean intersection over union (over the classes that occur in the split's masks or predictions, counted over all
 * pixels of the split) and pixel accuracy. Logits [batch, h, w, classes] are resized bilinearly to the masks; pixels of
 * the class 255 count for nothing.
 */
export const segmentation: TaskMeasures = {
  metric: 'miou',
  rising: true,
  live: (outputs, batch) => meanOverlap(overlaps(outputs, batch)),
  start: () => {
    const totals: Record<keyof Overlaps, number[]> = { both: [], predicted: [], wanted: [] };
    return {
      add: (outputs, batch) => {
        for (const [name, tensor] of Object.entries(overlaps(outputs, batch))) {
          const known = totals[name as keyof Overlaps];
          listOf(tensor as tf.Tensor).forEach((count, which) => (known[which] = (known[which] ?? 0) + count));
        }
      },
      finish: () => {
        const { both, predicted, wanted } = totals;
        const each = both.flatMap((hits, which) => {
          const union = (predicted[which] ?? 0) + (wanted[which] ?? 0) - hits;
          return union > 0 ? [hits / union] : [];
        });
        return { miou: sum(each) / each.length, pixel_acc: sum(both) / sum(wanted) };
      },
    };
  },
};
