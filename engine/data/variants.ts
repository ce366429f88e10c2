import { Random } from '../random';
import type { Augmentation } from './vary';

/** How pictures vary, and how many of each sample's pictures there are (0: no end of them). */
export type Repetition = Augmentation & { repeat: number };

/** How many different pictures of a sample a training shows: one where nothing varies, Infinity where all are new. */
export const variantsOf = ({ flip, crop, repeat }: Repetition): number => {
  if (!flip && crop === 0) return 1;
  return repeat > 0 ? repeat : Infinity;
};

/** The random stream of each sample's picture of one variant: the same wherever that picture is shown. */
export const variantStreams =
  (seed: number, variant: number) =>
  (position: number): Random =>
    new Random(`${seed}/picture/${variant}/${position}`);
