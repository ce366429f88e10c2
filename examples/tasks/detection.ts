import * as tf from '@tensorflow/tfjs';
import { block, encoder } from './encoder';

const classes = 6;

/** On a grid of 8 x 8 cells a score for each class, then the centre's place in the cell and the logarithm of the size. */
const detector = (name: string, width: number) => {
  const { picture, maps } = encoder(width);
  const head = block(maps[2], '4', 3 * width);
  const boxes = tf.layers.conv2d({ name: 'boxes', filters: classes + 4, kernelSize: 3, padding: 'same' });
  return tf.model({ name, inputs: picture, outputs: boxes.apply(head) as tf.SymbolicTensor });
};

export const teacher = () => detector('teacher', 24);
export const student = () => detector('student', 8);
