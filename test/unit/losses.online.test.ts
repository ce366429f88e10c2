import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { crossEntropy } from '../../engine/losses/crossEntropy';
import { kdLoss } from '../../engine/losses/kd';
import { mutualLoss } from '../../engine/losses/dml';
import { agreement, mclLoss, similarities } from '../../engine/losses/mcl';
import { fusedDistillation } from '../../engine/losses/mfef';
import {
  discrimination,
  mixConsistency,
  mixedCrossEntropy,
  mixFeatureLoss,
  mixture,
} from '../../engine/losses/mixskd';
import { symmetricBeta } from '../../engine/methods/mixtures';
import { pairedOrder } from '../../engine/methods/pairedOrder';
import { Random } from '../../engine/random';
import { expectClose } from '../fixtures/closeTo';
import { golden, goldenInput } from '../fixtures/golden';
import { onEveryBackend } from '../fixtures/onEveryBackend';

onEveryBackend(() => {
  describe('mutual contrast', () => {
    const unit = (entry: string, key: string) => {
      const radians = goldenInput<number[]>(entry, key).map((degrees) => (degrees * Math.PI) / 180);
      return tf.tensor2d(radians.map((angle) => [Math.cos(angle), Math.sin(angle)]));
    };
    const labels = () => tf.tensor1d(goldenInput<number[]>('MCL_cifar', 'labels'), 'int32');
    const [a, b] = [() => unit('MCL_cifar', 'emb1_deg'), () => unit('MCL_cifar', 'emb2_deg')];
    const total = ({ vcl, softVcl, icl, softIcl }: ReturnType<typeof mclLoss>) =>
      vcl.mul(0.1).add(softVcl).add(icl.mul(0.1)).add(softIcl);

    it('has the golden values', () => {
      const terms = mclLoss(similarities(a(), b(), 0.1), labels(), 3);
      expectClose(terms.vcl, golden('MCL_cifar', 'vcl'));
      expectClose(terms.softVcl, golden('MCL_cifar', 'soft_vcl'));
      expectClose(terms.icl, golden('MCL_cifar', 'icl'));
      expectClose(terms.softIcl, golden('MCL_cifar', 'soft_icl'));
      expectClose(total(terms), golden('MCL_cifar', 'mcl(0.1,1,0.1,1)'));
    });

    it('has the golden values with a weight for every sample', () => {
      const weights = tf.tensor1d(goldenInput<number[]>('LMCL_one_pair', 'weights_per_sample'));
      const terms = mclLoss(similarities(a(), b(), 0.1), labels(), 3, weights);
      expectClose(terms.vcl, golden('LMCL_one_pair', 'vcl'));
      expectClose(total(terms), golden('LMCL_one_pair', 'total(0.1,1,0.1,1)'));
    });

    it('has the golden agreement of two networks’ features', () => {
      const features = (key: string) => tf.tensor2d(goldenInput('LMCL_one_pair', key));
      expectClose(
        agreement(features('meta_features_a'), features('meta_features_b')),
        golden('LMCL_one_pair', 'meta_weight=sigmoid(cos)_of_projected_features'),
      );
    });

    it('is the same for both networks, and its soft forms vanish between equal ones', () => {
      const forward = mclLoss(similarities(a(), b(), 0.1), labels(), 3);
      const backward = mclLoss(similarities(b(), a(), 0.1), labels(), 3);
      expectClose(total(forward), total(backward).dataSync()[0]);
      const equal = mclLoss(similarities(a(), a(), 0.1), labels(), 3);
      expectClose(equal.softVcl, 0);
      expectClose(equal.softIcl, 0);
      expect(equal.vcl.dataSync()[0]).toBeGreaterThan(0);
    });

    it('counts nothing for samples that are alone in their class', () => {
      const terms = mclLoss(similarities(a(), b(), 0.1), tf.tensor1d([0, 1, 2, 3], 'int32'), 3);
      expectClose(terms.vcl, 0);
      expectClose(terms.icl, 0);
    });

    it('teaches through the side that imitates alone', () => {
      const gradient = tf.grad((x) => mclLoss(similarities(x as tf.Tensor2D, b(), 0.1), labels(), 3).softVcl)(
        a(),
      );
      const step = 1e-3;
      const imitates = (x: tf.Tensor2D) => {
        const { aa, bb } = similarities(x, b(), 0.1);
        return tf
          .logSoftmax(bb.div(3))
          .exp()
          .mul(tf.sub(tf.logSoftmax(bb.div(3)), tf.logSoftmax(aa.div(3))))
          .sum(-1)
          .mean()
          .mul(9)
          .dataSync()[0] as number;
      };
      const bump = tf.tensor2d([step, 0, 0, 0, 0, 0, 0, 0], [4, 2]);
      const slope = (imitates(a().add(bump)) - imitates(a().sub(bump))) / (2 * step);
      expect(gradient.dataSync()[0]).toBeCloseTo(slope, 2);
    });
  });

  describe('an order in pairs of a class', () => {
    const labels = Int32Array.from({ length: 41 }, (_, sample) => (sample * sample) % 5);
    const order = pairedOrder(labels, new Random('order'));

    it('visits every sample once', () => {
      expect([...order].sort((one, other) => one - other)).toEqual([...labels.keys()]);
      expect(order).not.toEqual(pairedOrder(labels, new Random('other')));
      expect(order).toEqual(pairedOrder(labels, new Random('order')));
    });

    it('leaves at most one sample of a class without a neighbour of its class, at the end', () => {
      const lonely = [...order].map((sample, at) => labels[sample] !== labels[order[at ^ 1] ?? -1]);
      const first = lonely.indexOf(true);
      expect(lonely.slice(0, first).every((alone) => !alone)).toBe(true);
      const rest = [...order.slice(first)].map((sample) => labels[sample]);
      expect(new Set(rest).size).toBe(rest.length);
    });
  });

  describe('mixtures', () => {
    const row = (key: string) => tf.tensor2d([goldenInput<number[]>('MixSKD', key)]);
    const lambda = () => tf.scalar(goldenInput<number>('MixSKD', 'lambda'));
    const head = () => ({
      mixture: mixture(row('logits_a'), row('logits_b'), lambda()),
      mixed: row('logits_mix'),
    });
    const teacher = () => ({ mixture: row('selfteacher_interp'), mixed: row('selfteacher_mix') });

    it('have the golden values', () => {
      const [a, b] = [tf.tensor1d([0], 'int32'), tf.tensor1d([1], 'int32')];
      expectClose(head().mixture, golden('MixSKD', 'interp_logits'));
      expectClose(mixedCrossEntropy(row('logits_mix'), a, b, lambda()), golden('MixSKD', 'mix_ce'));
      expectClose(mixConsistency(head(), head(), 3), golden('MixSKD', 'kl_aux_pair(both directions)'));
      const crossed = golden('MixSKD', 'kl_final(interp<-h_mix, mix<-h_interp)');
      expectClose(mixConsistency(head(), teacher(), 3), crossed);
      const features = mixture(row('feat_a'), row('feat_b'), lambda());
      expectClose(features, golden('MixSKD', 'interp_feat'));
      expectClose(mixFeatureLoss(features, row('feat_mix')), golden('MixSKD', 'feat_mse'));
      expectClose(
        discrimination(tf.tensor2d([[0.2, -0.1]]), tf.tensor2d([[0.4, 0.3]])),
        golden('MixSKD', 'adv_bce_two_logits_(interp->[1,0],mix->[0,1])_for_logits_[0.2,-0.1],[0.4,0.3]'),
      );
    });

    it('of a linear map agree with the map of the mixture', () => {
      const linear = (x: tf.Tensor2D) => x.matMul<tf.Tensor2D>(tf.tensor2d([[1, -1], [2, 0], [0.5, 3]])); // prettier-ignore
      const [a, b] = [row('logits_a'), row('logits_b')];
      const consistent = {
        mixture: mixture(linear(a), linear(b), lambda()),
        mixed: linear(mixture(a, b, lambda())),
      };
      expectClose(mixConsistency(consistent, consistent, 3), 0);
      expectClose(mixFeatureLoss(consistent.mixture, consistent.mixed), 0);
    });

    it('stay finite for a discriminator that is sure', () => {
      const sure = tf.tensor2d([[500, -500]]);
      expectClose(discrimination(sure, sure.neg()), 0);
      expectClose(discrimination(sure.neg(), sure), 500, 1e-2);
    });

    it.each([0.2, 0.4, 1, 3])('draw λ as Beta(α, α) has it, α %d', (alpha) => {
      const random = new Random(`beta/${alpha}`);
      const drawn = Array.from({ length: 20_000 }, () => symmetricBeta(alpha, random));
      const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
      const variance = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length;
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...drawn)).toBeLessThanOrEqual(1);
      expect(mean).toBeCloseTo(0.5, 1);
      expect(Math.abs(variance - 1 / (4 * (2 * alpha + 1)))).toBeLessThan(0.004);
    });
  });

  describe('a fused classifier', () => {
    const students = () => goldenInput('MFEF_spec', 'student_logits').map((row) => tf.tensor2d([row]));
    const fused = () => tf.tensor2d([goldenInput<number[]>('MFEF_spec', 'fused_logits')]);
    const label = () => tf.tensor1d([goldenInput<number>('MFEF_spec', 'label')], 'int32');

    it('has the golden values', () => {
      const soft = fusedDistillation(students(), fused(), 3);
      const parts = golden<number[]>('MFEF_spec', 'kl_T3');
      expectClose(soft, (parts[0] as number) + (parts[1] as number));
      const labelled = tf.addN([...students(), fused()].map((logits) => crossEntropy(logits, label())));
      expectClose(soft.add(labelled), golden('MFEF_spec', 'total'));
    });

    it('teaches and is not taught by the soft targets', () => {
      const loss = (student: tf.Tensor, logits: tf.Tensor) =>
        fusedDistillation([student], logits, 3).add(logits.sum());
      const student = students()[0] as tf.Tensor2D;
      const [own, its] = tf.grads(loss)([student, fused()]) as [tf.Tensor, tf.Tensor];
      expectClose(its, [1, 1, 1]);
      expectClose(
        own,
        tf
          .grad((logits) => kdLoss(logits, fused(), 3))(student)
          .arraySync(),
      );
    });
  });

  describe('mutual imitation', () => {
    const logits = (seed: number) => tf.randomNormal<tf.Rank.R2>([4, 3], 0, 1, 'float32', seed);

    it('is the sum of both divergences for two networks, the mean over the others for more', () => {
      const [a, b, c] = [logits(1), logits(2), logits(3)];
      const one = (own: tf.Tensor, target: tf.Tensor) => kdLoss(own, target, 2).dataSync()[0] as number;
      expectClose(mutualLoss([a, b], 2), one(a, b) + one(b, a));
      const all = one(a, b) + one(a, c) + one(b, a) + one(b, c) + one(c, a) + one(c, b);
      expectClose(mutualLoss([a, b, c], 2), all / 2);
    });

    it('vanishes between equal networks, and each is taught by its own divergence alone', () => {
      expectClose(mutualLoss([logits(1), logits(1)], 1), 0);
      const [a, b] = [logits(1), logits(2)];
      const gradient = tf.grad((own) => mutualLoss([own, b], 1))(a);
      expectClose(
        gradient,
        tf
          .grad((own) => kdLoss(own, b, 1))(a)
          .arraySync(),
      );
    });
  });
});
