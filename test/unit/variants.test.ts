import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Split } from '../../engine/data/dataset';
import { variantsOf, type Repetition } from '../../engine/data/variants';
import { makePictures } from '../../engine/training/stepInputs';

beforeAll(() => tf.setBackend('cpu'));

const samples = 8;
const split: Split = {
  count: samples,
  shape: [6, 6, 1],
  values: Uint8Array.from({ length: samples * 36 }, (_, at) => (at * 37) % 251),
  labels: new Int32Array(samples),
};
const augment: Repetition = { flip: true, crop: 2, repeat: 3 };

const picturesOf = (positions: number[], variant: number, name = 'step', changes: object = {}): number[][] =>
  tf.tidy(() => {
    const source = { split, augment: { ...augment, ...changes }, seed: 1 };
    const { images } = makePictures(source, Int32Array.from(positions), variant, name);
    return (images.reshape([positions.length, -1]) as tf.Tensor2D).arraySync();
  });

describe('variants of pictures', () => {
  it('are as many as the recipe says, one without augmentation, without end where all are new', () => {
    expect(variantsOf(augment)).toBe(3);
    expect(variantsOf({ ...augment, repeat: 0 })).toBe(Infinity);
    expect(variantsOf({ flip: false, crop: 0, repeat: 3 })).toBe(1);
    expect(variantsOf({ flip: false, crop: 0, repeat: 0 })).toBe(1);
  });

  it('are the same in every batch that shows them, and differ from one another', () => {
    const all = picturesOf([0, 1, 2, 3, 4, 5, 6, 7], 1);
    const some = picturesOf([6, 2], 1, 'another step');
    expect(some).toEqual([all[6], all[2]]);
    const others = picturesOf([0, 1, 2, 3, 4, 5, 6, 7], 2);
    const changed = all.filter((picture, index) => String(picture) !== String(others[index]));
    expect(changed.length).toBeGreaterThan(samples / 2);
  });

  it('are new for every step where nothing repeats', () => {
    const fresh = (name: string) => picturesOf([0, 1, 2, 3], 0, name, { repeat: 0 });
    expect(fresh('first')).toEqual(fresh('first'));
    expect(fresh('first')).not.toEqual(fresh('second'));
  });
});
