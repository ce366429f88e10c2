import type * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { Batch } from '../data/dataset';
import { rotations } from '../losses/rotations';
import type { Setup, View } from './method';

/** Throws `Failed` (recipeInvalid) unless samples are square pictures: turned by 90 degrees they must fit the network. */
export const requireSquare = ({ student }: Setup, method: string): void => {
  const { inputShape } = student.info;
  if (inputShape.length !== 3 || inputShape[0] !== inputShape[1]) {
    throw new Failed(
      'recipeInvalid',
      `The method ${method} turns pictures by 90 degrees, and a sample is [${inputShape.join(', ')}].`,
      'Use square pictures, or another method.',
    );
  }
};

/** The batch, then the batch turned once, twice and three times. */
export const rotatedView = ({ images }: Batch): View => ({
  images: rotations(images as tf.Tensor4D),
  originals: { begin: 0, size: images.shape[0] as number },
});
