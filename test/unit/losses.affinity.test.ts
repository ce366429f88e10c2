import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { cscLoss } from '../../engine/losses/csc';
import { laLoss, neighbourDistances } from '../../engine/losses/la';
import { paLoss, regionAffinity } from '../../engine/losses/pa';
import { expectClose } from '../fixtures/closeTo';
import { golden, goldenGradient, goldenInput } from '../fixtures/golden';
import { onEveryBackend } from '../fixtures/onEveryBackend';

const maps = (entry: string, key: string) => tf.tensor4d(goldenInput<number[][][][]>(entry, key));

onEveryBackend(() => {
  describe('pairwise affinity', () => {
    const [student, teacher] = [() => maps('PA', 'student'), () => maps('PA', 'teacher')];

    it('has the golden matrices and value', () => {
      expectClose(regionAffinity(student(), 0.5), golden('PA', 'affinity_student'));
      expectClose(regionAffinity(teacher(), 0.5), golden('PA', 'affinity_teacher'));
      expectClose(paLoss(student(), teacher(), 0.5), golden('PA', 'loss'));
    });

    it('has the golden gradient, the norms in the graph', () => {
      const gradient = tf.grad((features) => paLoss(features as tf.Tensor4D, teacher(), 0.5))(student());
      expectClose(gradient, goldenGradient('PA_with_norm_in_graph_wrt_student'));
    });

    it('takes the largest of each region, also where the last one hangs over the edge', () => {
      const features = tf.tensor4d([-5, -4, -3, -2, -1], [1, 1, 5, 1]).concat(tf.ones([1, 1, 5, 1]), 3);
      const [first, second, last] = [-4, -2, -1];
      const cosine = (a: number, b: number) => (a * b + 1) / Math.sqrt((a * a + 1) * (b * b + 1));
      expectClose(regionAffinity(features as tf.Tensor4D, 0.5), [
        [1, cosine(first, second), cosine(first, last)],
        [cosine(first, second), 1, cosine(second, last)],
        [cosine(first, last), cosine(second, last), 1],
      ]);
    });
  });

  describe('local affinity', () => {
    const [student, teacher] = [() => maps('LA', 'student'), () => maps('LA', 'teacher')];

    it('has the golden value, over as many neighbours', () => {
      expectClose(laLoss(student(), teacher()), golden('LA', 'A_per_neighbour_mean_sq'));
      expect(neighbourDistances(student()).size * 2).toBe(golden('LA', 'n_valid_pairs'));
    });

    it('adds up to the golden distances of all neighbours', () => {
      const total = golden<number[]>('LA', 'B_consistency_map_teacher').reduce((sum, one) => sum + one, 0);
      expectClose(neighbourDistances(teacher()).sum().mul(2) as tf.Scalar, total);
    });
  });

  describe('channel and spatial correlation', () => {
    it('has the golden value', () => {
      const [student, teacher] = ['student_3pos_2ch', 'teacher'].map(
        (key) => tf.tensor2d(goldenInput('CSC_spec', key)).reshape([1, 3, 1, 2]) as tf.Tensor4D,
      ) as [tf.Tensor4D, tf.Tensor4D];
      expectClose(cscLoss(student, teacher), golden('CSC_spec', 'sum'));
    });
  });
});
