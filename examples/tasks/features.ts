import * as tf from '@tensorflow/tfjs';
import { encoder } from './encoder';

/** A picture as a vector of `size` features; what the classes are it does not know. */
const embedding = (name: string, width: number, size: number) => {
  const { picture, maps } = encoder(width);
  const average = tf.layers.globalAveragePooling2d({ name: 'average' }).apply(maps[2]);
  const features = tf.layers.dense({ name: 'features', units: size }).apply(average) as tf.SymbolicTensor;
  return tf.model({ name, inputs: picture, outputs: features });
};

export const teacher = () => embedding('teacher', 24, 64);
export const student = () => embedding('student', 8, 32);
