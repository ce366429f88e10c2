import * as tf from '@tensorflow/tfjs';
import { l2Norm } from './normalize';
import { poolToSmaller } from './resample';

/** Half of the eight neighbours, as steps of rows and columns: the other half are the same distances seen backwards. */
const directions = [
  [0, 1],
  [1, 0],
  [1, 1],
  [1, -1],
] as const;

/**
 * ‖F[i] − F[j]‖₂ for every two positions next to each other, diagonals too, each pair once; none beyond the border.
 * @param features [N, H, W, C]
 * @returns [N, pairs]
 */
export const neighbourDistances = (features: tf.Tensor4D): tf.Tensor2D => {
  const [batch, rows, columns] = features.shape;
  const distances = directions.map(([down, right]) => {
    const size: [number, number, number, number] = [batch, rows - down, columns - Math.abs(right), -1];
    const here = features.slice([0, 0, Math.max(0, -right), 0], size);
    const there = features.slice([0, down, Math.max(0, right), 0], size);
    return l2Norm(here.sub(there)).reshape([batch, -1]);
  });
  return tf.concat(distances, 1) as tf.Tensor2D;
};

/**
 * Local affinity: the mean over batch and neighbouring positions of (Ds − Dt)². Channels may differ; the larger map is
 * average-pooled to the smaller.
 * After Xie et al., Improving Fast Segmentation With Teacher-student Learning (2018); its exact normalisation is not
 * known, this one is Retort's.
 * @param student [N, H, W, C]
 * @param teacher [N, H', W', C']
 */
export const laLoss = (student: tf.Tensor4D, teacher: tf.Tensor4D): tf.Scalar => {
  const [own, its] = poolToSmaller(student, teacher);
  return neighbourDistances(own).squaredDifference(neighbourDistances(its)).mean().asScalar();
};
