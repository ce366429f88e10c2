import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { crossEntropy } from '../../engine/losses/crossEntropy';
import { gkdLoss } from '../../engine/losses/gkd';
import { kdLoss } from '../../engine/losses/kd';
import { denseVotes, zipfLoss, zipfTarget } from '../../engine/losses/zipf';
import { expectClose } from '../fixtures/closeTo';
import { golden, goldenInput } from '../fixtures/golden';
import { onEveryBackend } from '../fixtures/onEveryBackend';

onEveryBackend(() => {
  describe('guided soft targets', () => {
    const [student, teacher] = [
      () => tf.tensor2d(goldenInput('GKD', 'student')),
      () => tf.tensor2d(goldenInput('GKD', 'teacher')),
    ];
    const loss = (labels: number[], temperature = 1) =>
      gkdLoss(student(), teacher(), tf.tensor1d(labels, 'int32'), temperature);

    it('has the golden value', () => {
      expectClose(loss(goldenInput<number[]>('GKD', 'labels')), golden('GKD', 'loss'));
    });

    it('is plain soft targets where the teacher is always right, and zero where it never is', () => {
      expectClose(loss([0, 0], 3), kdLoss(student(), teacher(), 3).dataSync()[0]);
      expectClose(loss([2, 2]), 0);
    });

    it('has a finite gradient where the teacher is never right', () => {
      const labels = tf.tensor1d([2, 2], 'int32');
      const gradient = tf.grad((logits) => gkdLoss(logits, teacher(), labels, 1))(student());
      expectClose(gradient, [0, 0, 0, 0, 0, 0]);
    });
  });

  describe('Zipf label smoothing', () => {
    const classes = goldenInput<number>('ZipfLS', 'num_classes');
    const votes = () =>
      denseVotes(
        tf
          .oneHot(tf.tensor1d(goldenInput<number[]>('ZipfLS', 'dense_votes'), 'int32'), classes)
          .expandDims(0) as tf.Tensor3D,
      );
    const labels = () => tf.tensor1d([goldenInput<number>('ZipfLS', 'label')], 'int32');
    const logits = () => tf.tensor2d([goldenInput<number[]>('ZipfLS', 'logits')]);

    it('has the golden votes, target and values', () => {
      expectClose(votes(), golden('ZipfLS', 'scores'));
      const target = zipfTarget(votes(), tf.oneHot(labels(), classes).toFloat() as tf.Tensor2D);
      const [before, own, after] = [
        target.slice([0, 0], [1, 1]),
        target.slice([0, 1], [1, 1]),
        target.slice([0, 2]),
      ];
      expectClose(before.concat(after, 1), golden('ZipfLS', 'non_target_pdf'));
      expectClose(own, 0);
      expectClose(zipfLoss(logits(), votes(), labels()), golden('ZipfLS', 'kl'));
      const total = crossEntropy(logits(), labels()).add(zipfLoss(logits(), votes(), labels()));
      expectClose(total, golden('ZipfLS', 'total_lambda1_ce+zipf'));
    });

    it('does not see the label’s own logit', () => {
      const value = (own: number) =>
        zipfLoss(tf.tensor2d([[0.5, own, 0.2, -0.3, 0.1]]), votes(), labels()).dataSync()[0] as number;
      expect(value(2)).toBeCloseTo(value(-7), 5);
      const gradient = tf.grad((x) => zipfLoss(x as tf.Tensor2D, votes(), labels()))(logits());
      expect(gradient.dataSync()[1]).toBe(0);
      expectClose(gradient.sum() as tf.Scalar, 0);
    });
  });
});
