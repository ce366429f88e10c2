import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { spectralWeights } from '../../engine/adapters/spectralNorm';
import { adversarialLoss, gradientPenalty, hingeLoss, wassersteinLoss } from '../../engine/losses/ho';
import { buildCritic } from '../../engine/methods/critic';
import { Random } from '../../engine/random';
import { expectClose } from '../fixtures/closeTo';
import { golden, goldenInput } from '../fixtures/golden';
import { onEveryBackend } from '../fixtures/onEveryBackend';
import { noise } from '../fixtures/slope';

onEveryBackend(() => {
  describe('adversarial losses', () => {
    const values = (key: string) => tf.tensor1d(goldenInput<number[]>('HO', key));
    const [teacher, student] = [() => values('D_teacher'), () => values('D_student')];

    it('have the golden values', () => {
      expectClose(wassersteinLoss(teacher(), student()), golden('HO', 'wgan_D'));
      expectClose(adversarialLoss(student()), golden('HO', 'wgan_G'));
      expectClose(hingeLoss(teacher(), student()), golden('HO', 'hinge_D'));
      expectClose(adversarialLoss(student()), golden('HO', 'hinge_G'));
    });

    it('have the golden gradient penalty of a linear critic, wherever it is taken', () => {
      const weights = tf.tensor2d(goldenInput<number[]>('HO', 'linear_D_weight'), [2, 1]);
      const penalty = gradientPenalty((x) => x.matMul(weights), noise([3, 2], 1));
      expectClose(penalty.mul(goldenInput<number>('HO', 'lambda_gp')), golden('HO', 'gp_for_linear_D'), 1e-4);
    });

    it('stop asking once the hinge is passed', () => {
      expectClose(hingeLoss(tf.tensor1d([1.5, 9]), tf.tensor1d([-1, -4])), 0);
    });
  });

  describe('a spectral norm', () => {
    it('comes to divide by the largest singular value', () => {
      const matrix = tf.tensor2d([
        [3, 0, 0],
        [0, -5, 0],
        [0, 0, 0.5],
        [0, 0, 0],
      ]);
      const spectral = spectralWeights(tf.variable(matrix), new Random('spectral'));
      for (let round = 0; round < 40; round++) tf.tidy(() => spectral.refine());
      expectClose(spectral.normalised(), [0.6, 0, 0, 0, -1, 0, 0, 0, 0.1, 0, 0, 0], 1e-4);
    });
  });

  describe.each([
    ['maps', [6, 6, 3]],
    ['vectors', [5]],
  ])('a critic of %s', (_, shape) => {
    const make = (input: 'tanh' | 'batch-norm') => buildCritic(shape, input, 4, new Random('critic'));

    it('gives one value a sample, and its gradient reaches every weight', () => {
      const critic = make('batch-norm');
      const logits = noise([4, ...shape], 2);
      expect(critic.judge(logits).shape).toEqual([4]);
      const { grads } = tf.variableGrads(
        () => critic.judge(logits).square().sum(),
        [...critic.variables.values()],
      );
      for (const [name, variable] of critic.variables)
        expect(grads[variable.name]?.abs().sum().dataSync()[0], name).toBeGreaterThan(0);
    });

    it('has the second derivatives that the gradient penalty needs', () => {
      const critic = make('tanh');
      const [weights] = [...critic.variables.values()] as [tf.Variable];
      const points = noise([4, ...shape], 7);
      const start = weights.clone();
      const penalty = () => gradientPenalty((at) => critic.judge(at), points);
      // Small enough that no unit of the critic changes sides: there its slope jumps.
      const direction = noise(weights.shape, 4).div(100);
      const moved = (by: number): number => {
        weights.assign(start.add(direction.mul(by)));
        return penalty().dataSync()[0] as number;
      };
      const wanted = (moved(1e-2) - moved(-1e-2)) / 2e-2;
      weights.assign(start);
      const { grads } = tf.variableGrads(penalty, [weights]);
      const slope = (grads[weights.name] as tf.Tensor).mul(direction).sum();
      expectClose(slope, wanted, 2e-2 * Math.abs(wanted));
      expect(Math.abs(wanted)).toBeGreaterThan(1e-3);
    });
  });
});
