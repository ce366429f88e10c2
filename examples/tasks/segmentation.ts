import * as tf from '@tensorflow/tfjs';
import { block, encoder } from './encoder';

/** Scores of two classes for every pixel: deep maps are enlarged and joined with the shallow ones. */
const segmenter = (name: string, width: number) => {
  const { picture, maps } = encoder(width);
  const enlarged = (x: tf.SymbolicTensor, label: string) =>
    tf.layers.upSampling2d({ name: label, size: [2, 2] }).apply(x) as tf.SymbolicTensor;
  const join = (label: string, ...parts: tf.SymbolicTensor[]) =>
    tf.layers.concatenate({ name: label }).apply(parts) as tf.SymbolicTensor;
  const middle = block(join('join2', enlarged(maps[2], 'up3'), maps[1]), '4', 2 * width);
  const fine = block(join('join1', enlarged(middle, 'up2'), maps[0]), '5', width);
  const scores = tf.layers.conv2d({ name: 'classes', filters: 2, kernelSize: 1 }).apply(fine);
  return tf.model({ name, inputs: picture, outputs: scores as tf.SymbolicTensor });
};

export const teacher = () => segmenter('teacher', 16);
export const student = () => segmenter('student', 4);
