import * as tf from '@tensorflow/tfjs';
import { encoder } from './encoder';

/** One number for a picture. */
const counter = (name: string, width: number) => {
  const { picture, maps } = encoder(width);
  const average = tf.layers.globalAveragePooling2d({ name: 'average' }).apply(maps[2]);
  const value = tf.layers.dense({ name: 'value', units: 1 }).apply(average) as tf.SymbolicTensor;
  return tf.model({ name, inputs: picture, outputs: value });
};

export const teacher = () => counter('teacher', 24);
export const student = () => counter('student', 6);
