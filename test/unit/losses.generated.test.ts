import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { acceptance, densityRatioLoss, keptBelow, quantile } from '../../engine/losses/cganKd';
import { covarianceLoss, invarianceLoss, varianceLoss } from '../../engine/losses/vicreg';
import { expectClose } from '../fixtures/closeTo';
import { golden, goldenInput } from '../fixtures/golden';
import { onEveryBackend } from '../fixtures/onEveryBackend';

/** Central differences of a scalar function of one tensor. */
const slopes = (work: (x: tf.Tensor2D) => tf.Scalar, x: tf.Tensor2D, step = 1e-2): number[] => {
  const values = [...x.dataSync()];
  return values.map((_, at) => {
    const moved = (by: number) =>
      work(
        tf.tensor2d(
          values.map((value, index) => (index === at ? value + by : value)),
          x.shape,
        ),
      ).dataSync()[0] ?? NaN;
    return (moved(step) - moved(-step)) / (2 * step);
  });
};

onEveryBackend(() => {
  describe('squeeze and span', () => {
    const teacher = () => tf.tensor2d(goldenInput('SqueezeSpan', 'z_g'));
    const student = () => tf.tensor2d(goldenInput('SqueezeSpan', 'z_f'));

    it('has the golden terms', () => {
      expectClose(invarianceLoss(teacher(), student()), golden('SqueezeSpan', 'inv_mse'));
      expectClose(varianceLoss(student()), golden('SqueezeSpan', 'var_f'));
      expectClose(varianceLoss(teacher()), golden('SqueezeSpan', 'var_g'));
      expectClose(covarianceLoss(student()), golden('SqueezeSpan', 'cov_f'));
      expectClose(covarianceLoss(teacher()), golden('SqueezeSpan', 'cov_g'));
      const total = invarianceLoss(teacher(), student())
        .mul(25)
        .add(varianceLoss(student()).mul(25))
        .add(covarianceLoss(student()));
      expectClose(total, golden('SqueezeSpan', 'syn_loss_code(25,25,1; student side only)'));
    });

    it('does not change when samples change places, and its variance and covariance not by what all have', () => {
      const [z, turned] = [student(), tf.reverse(student(), 0)];
      for (const loss of [varianceLoss, covarianceLoss]) {
        expectClose(loss(turned), loss(z).dataSync()[0]);
        expectClose(loss(z.add(3)), loss(z).dataSync()[0], 1e-4);
      }
      expectClose(invarianceLoss(z, z), 0);
    });

    it('has the gradients of finite differences', () => {
      for (const loss of [varianceLoss, covarianceLoss, (z: tf.Tensor2D) => invarianceLoss(z, teacher())])
        expectClose(tf.grad((z) => loss(z as tf.Tensor2D))(student()), slopes(loss, student()), 2e-3);
    });
  });

  describe('samples of a conditional GAN', () => {
    it('has the golden loss of the density ratio', () => {
      const [fake, real] = ['DR_fake', 'DR_real'].map((key) =>
        tf.tensor1d(goldenInput<number[]>('cGANKD', key)),
      );
      expectClose(
        densityRatioLoss(fake as tf.Tensor, real as tf.Tensor, 0.01),
        golden('cGANKD', 'cdre_loss'),
      );
    });

    it('has the gradients of finite differences', () => {
      const real = tf.tensor1d([0.4, 1.7]);
      const ofFake = (x: tf.Tensor2D) => densityRatioLoss(x, real, 0.5);
      const x = tf.tensor2d([[0.3, 1.2, 2.5]]);
      expectClose(tf.grad((fake) => ofFake(fake as tf.Tensor2D))(x), slopes(ofFake, x), 2e-3);
    });

    it('accepts in proportion, and drops what the teacher disagrees with most', () => {
      const ratios = goldenInput<number[]>('cGANKD', 'density_ratios');
      expect(acceptance(ratios, Math.max(...ratios))).toEqual([
        expect.closeTo(0.2, 6),
        expect.closeTo(1, 6),
        expect.closeTo(0.6, 6),
      ]);
      const losses = goldenInput<number[]>('cGANKD', 'teacher_losses');
      expect(quantile(losses, 0.9)).toBeCloseTo(golden('cGANKD', 'cutoff_quantile'), 6);
      expect(keptBelow(losses, new Int32Array(losses.length), 0.9)).toEqual(
        golden('cGANKD', 'kept(strict <)'),
      );
    });

    it('drops within each group, and never the only one of a group', () => {
      expect(keptBelow([5, 1, 9, 2], [0, 0, 1, 0], 0.9)).toEqual([1, 2, 3]);
      expect(keptBelow([], [], 0.9)).toEqual([]);
    });
  });
});
