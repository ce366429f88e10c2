import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { cdLoss } from '../../engine/losses/cd';
import { fitnetsLoss } from '../../engine/losses/fitnets';
import { hashLoss, lshfmLoss } from '../../engine/losses/lshfm';
import { simregLoss } from '../../engine/losses/simreg';
import { expectClose } from '../fixtures/closeTo';
import { golden, goldenGradient, goldenInput } from '../fixtures/golden';
import { onEveryBackend } from '../fixtures/onEveryBackend';

const rows = (entry: string, key: string) => tf.tensor2d(goldenInput(entry, key));

onEveryBackend(() => {
  describe('channel distillation', () => {
    it('has the golden value', () => {
      const [student, teacher] = ['student', 'teacher'].map((key) =>
        tf.tensor4d(goldenInput<number[][][][]>('CD', key)),
      ) as [tf.Tensor4D, tf.Tensor4D];
      expectClose(cdLoss(student, teacher), golden('CD', 'loss_one_layer'));
    });
  });

  describe('feature regression', () => {
    const [student, teacher] = [
      () => rows('SimReg', 'student_mlp_out'),
      () => rows('SimReg', 'teacher_feat'),
    ];

    it('has the golden value and gradient', () => {
      expectClose(simregLoss(student(), teacher()), golden('SimReg', 'loss'));
      const gradient = tf.grad((features) => simregLoss(features as tf.Tensor2D, teacher()))(student());
      expectClose(gradient, goldenGradient('SimReg_wrt_student'));
    });
  });

  describe('feature mimicking', () => {
    const hash = () => ({
      planes: rows('LSHFM', 'W_hash').transpose() as tf.Tensor2D,
      offsets: tf.tensor1d(goldenInput<number[]>('LSHFM', 'bias')),
    });
    const [student, teacher] = [() => rows('LSHFM', 'f_s'), () => rows('LSHFM', 'f_t')];

    it('has the golden values', () => {
      expectClose(fitnetsLoss(student(), teacher()), golden('LSHFM', 'l2_mean'));
      expectClose(hashLoss(student(), teacher(), hash()), golden('LSHFM', 'bce_mean'));
      expectClose(lshfmLoss(student(), teacher(), hash()), golden('LSHFM', 'sum'));
    });

    it('falls as the student goes further to the teacher’s side of each plane, and stays finite', () => {
      const at = (scale: number) =>
        hashLoss(teacher().mul(scale), teacher(), {
          ...hash(),
          offsets: tf.zeros([3]),
        }).dataSync()[0] as number;
      expect(at(2)).toBeLessThan(at(1));
      expect(at(-1e4)).toBeGreaterThan(1e3);
      expect(Number.isFinite(at(1e30))).toBe(true);
    });
  });
});
