import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { solveAssignment } from '../../engine/adapters/assignment';
import { exchangeChannels, exchangeSparsity, type Stream } from '../../engine/losses/channelExchange';
import {
  matchingCost,
  normalMargins,
  partialDistance,
  reduceTeacher,
  type ChannelReduction,
} from '../../engine/losses/mgd';
import { expectClose } from '../fixtures/closeTo';
import { golden, goldenInput } from '../fixtures/golden';
import { onEveryBackend } from '../fixtures/onEveryBackend';
import { expectSlope, noise } from '../fixtures/slope';

onEveryBackend(() => {
  describe('matching guided distillation', () => {
    const map = (key: string) => tf.tensor4d(goldenInput<number[][][][]>('MGD_matching', key));
    const [student, teacher] = [() => map('student_1x3x2'), () => map('teacher_1x3x4')];
    const margins = () =>
      normalMargins(
        goldenInput<number[]>('MGD_matching', 'bn_gamma'),
        goldenInput<number[]>('MGD_matching', 'bn_beta'),
      );
    const groups = () =>
      tf.tensor2d(golden<number[][]>('MGD_matching', 'groups'), [2, 2], 'int32').transpose();
    const reduced = (reduction: ChannelReduction = 'absolute') =>
      reduceTeacher(teacher(), tf.tensor1d(margins()), groups() as tf.Tensor2D, reduction);

    it('has the golden cost and assignment', () => {
      const cost = matchingCost(student(), teacher());
      expectClose(cost, golden('MGD_matching', 'cost_2x4'));
      const values = cost.dataSync<'float32'>();
      const assigned = solveAssignment({
        rows: 4,
        columns: 4,
        values: Float32Array.of(...values, ...values),
      });
      const groupOf = (channel: number) => [assigned[channel], assigned[channel + 2]].sort();
      expect([groupOf(0), groupOf(1)]).toEqual(golden('MGD_matching', 'groups'));
      const total = assigned.reduce(
        (sum, column, row) => sum + (values[(row % 2) * 4 + column] as number),
        0,
      );
      expect(total).toBeCloseTo(golden('MGD_matching', 'total_cost'), 5);
    });

    it('has the golden margins, reduced teacher and loss', () => {
      expectClose(tf.tensor1d(margins()), golden('MGD_matching', 'margins'));
      expectClose(reduced().values, golden('MGD_matching', 'amp_teacher'));
      expectClose(reduced().margins, golden('MGD_matching', 'group_margin_mean'));
      expectClose(partialDistance(student(), reduced()), golden('MGD_matching', 'partial_l2_sum'));
    });

    it('takes the largest value, or the one that was drawn', () => {
      expectClose(reduced('maximum').values, [2, 0, 2, 1, 0, 3]);
      expectClose(reduced('maximum').margins, [-0.7978845608, -0.1866077664]);
      const drawn = tf.eye(2);
      const choice = {
        values: drawn.reshape<tf.Tensor3D>([2, 2, 1]).tile<tf.Tensor3D>([1, 1, 3]),
        margins: drawn,
      };
      const random = reduceTeacher(
        teacher(),
        tf.tensor1d(margins()),
        groups() as tf.Tensor2D,
        'random',
        choice,
      );
      expectClose(random.values, [1, -1, 2, 0.5, 0, 3]);
      expectClose(random.margins, [-0.7978845608, -0.1866077664]);
    });

    it('does not ask an inactive student to be as inactive as the teacher, and follows finite differences', () => {
      const target = { values: tf.tensor4d([-1, 2], [1, 1, 1, 2]), margins: tf.tensor1d([-0.5, -0.5]) };
      const of = (values: number[]) => partialDistance(tf.tensor4d(values, [1, 1, 1, 2]), target);
      expectClose(of([-7, 2]), 0);
      expectClose(of([0.5, 1]), 2);
      expectSlope((x) => partialDistance(x as tf.Tensor4D, reduced()), student());
      const none = noise<tf.Tensor4D>([2, 3, 3, 4], 1).abs<tf.Tensor4D>();
      expectClose(partialDistance(none, { values: none, margins: tf.zeros([4]) }), 0);
    });

    it('costs nothing where two channels are alike, whatever their scale', () => {
      const maps = noise<tf.Tensor4D>([2, 4, 4, 3], 2);
      const diagonal = matchingCost(maps, maps.mul(9)).mul(tf.eye(3)).sum() as tf.Scalar;
      expectClose(diagonal, 0);
    });

    it('has a margin of three deviations where a channel is hardly ever negative', () => {
      expect(normalMargins([0.5], [10])[0]).toBeCloseTo(-1.5, 6);
      expect(normalMargins([0], [-3])[0]).toBeCloseTo(-3, 5);
    });
  });

  describe('channel exchange', () => {
    const stream = (which: 1 | 2): Stream => ({
      features: tf.tensor2d(goldenInput('ChannelExchange', `x${which}`)),
      scale: tf.tensor1d(goldenInput<number[]>('ChannelExchange', `gamma${which}`)),
    });
    const threshold = goldenInput<number>('ChannelExchange', 'threshold');

    it('has the golden maps and sparsity', () => {
      const [one, other] = exchangeChannels(stream(1), stream(2), threshold);
      expectClose(one, golden('ChannelExchange', 'out1'));
      expectClose(other, golden('ChannelExchange', 'out2'));
      expectClose(
        exchangeSparsity(stream(1).scale, stream(2).scale).mul(2e-4),
        golden('ChannelExchange', 'l1_sparsity(first C//2 of stream1, rest of stream2, 2e-4)'),
        1e-9,
      );
    });

    it('sends the gradient to the stream that a channel comes from, and changes nothing where all live', () => {
      const { scale } = stream(1);
      const reached = tf.grad((features) =>
        exchangeChannels({ features, scale }, stream(2), threshold)[0].sum(),
      );
      expectClose(reached(stream(1).features), [1, 0, 1, 1, 0, 1]);
      const alive = tf.ones([3]);
      const [same] = exchangeChannels(
        { ...stream(1), scale: alive },
        { ...stream(2), scale: alive },
        threshold,
      );
      expectClose(same, goldenInput('ChannelExchange', 'x1'));
    });
  });
});
