import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { crossEntropy } from '../../engine/losses/crossEntropy';
import { kdLoss } from '../../engine/losses/kd';
import { jointLabels, rotations } from '../../engine/losses/rotations';
import {
  originLoss,
  ranksOf,
  structureLoss,
  teachingRows,
  transformedSimilarities,
} from '../../engine/losses/sskd';
import { expectClose } from '../fixtures/closeTo';
import { golden, goldenInput } from '../fixtures/golden';
import { onEveryBackend } from '../fixtures/onEveryBackend';

onEveryBackend(() => {
  describe('rotations', () => {
    it('turn a picture counter-clockwise, the batch as it is first', () => {
      const picture = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
      expectClose(rotations(picture), [1, 2, 3, 4, 2, 4, 1, 3, 4, 3, 2, 1, 3, 1, 4, 2]);
    });

    it('come back after four turns', () => {
      const pictures = tf.randomNormal<tf.Rank.R4>([2, 3, 3, 2], 0, 1, 'float32', 1);
      const once = rotations(pictures).slice([2], [2]);
      const twice = rotations(once).slice([2], [2]);
      expectClose(twice, rotations(pictures).slice([4], [2]).arraySync());
      expectClose(rotations(twice).slice([4], [2]), pictures.arraySync());
    });

    it('have the golden joint labels and losses', () => {
      const label = tf.tensor1d([goldenInput<number>('HSAKD', 'label')], 'int32');
      expect(jointLabels(label).dtype).toBe('int32');
      expectClose(jointLabels(label), golden('HSAKD', 'joint_labels'));
      const input = (key: string) => tf.tensor2d(goldenInput(entry, key));
      const entry = 'HSAKD';
      const [student, teacher] = [input('cls_logits_student_4rot'), input('cls_logits_teacher')];
      const task = crossEntropy(student.slice([0], [1]), label);
      const [logits, joint] = [kdLoss(student, teacher, 3), kdLoss(input('aux_student'), input('aux_teacher'), 3)]; // prettier-ignore
      expectClose(task, golden(entry, 'task_ce_on_rot0_only'));
      expectClose(logits, golden(entry, 'kl_p_T3'));
      expectClose(joint, golden(entry, 'kl_q_T3_one_branch'));
      expectClose(task.add(logits).add(joint), golden(entry, 'total'));
      expectClose(crossEntropy(input('aux_teacher'), jointLabels(label)), golden(entry, 'aux_teacher_ce'));
    });
  });

  describe('structure under transformation', () => {
    const entry = 'SSKD_ss';
    /** The golden rows go picture by picture: 0, 4 untouched; ours go transformation by transformation. */
    const byTurn = [0, 4, 1, 5, 2, 6, 3, 7];
    const byPicture = [0, 2, 4, 1, 3, 5];
    const embeddings = (key: string) => {
      const rows = goldenInput(entry, key);
      return tf.tensor2d(byTurn.map((row) => rows[row] as number[]));
    };
    const [student, teacher] = [
      () => transformedSimilarities(embeddings('feat_student')),
      () => transformedSimilarities(embeddings('feat_teacher')),
    ];

    it('has the golden similarities, ranks, rows and losses', () => {
      const inOrder = (x: tf.Tensor) => x.gather(tf.tensor1d(byPicture, 'int32'));
      expectClose(inOrder(student()), golden(entry, 'sim_student'));
      expectClose(inOrder(teacher()), golden(entry, 'sim_teacher'));
      const ranks = inOrder(ranksOf(teacher())) as tf.Tensor1D;
      expectClose(ranks, golden(entry, 'rank_of_true'));
      const kept = golden<number[]>(entry, 'kept');
      expectClose(
        teachingRows(ranks, 0.75),
        [0, 1, 2, 3, 4, 5].map((row) => (kept.includes(row) ? 1 : 0)),
      );
      const loss = (rows: tf.Tensor1D) =>
        structureLoss(inOrder(student()) as tf.Tensor2D, inOrder(teacher()) as tf.Tensor2D, 0.5, rows);
      expectClose(loss(teachingRows(ranks, 0.75)), golden(entry, 'ss_loss_kept'));
      expectClose(loss(teachingRows(ranks, 1)), golden(entry, 'ss_loss_all'));
      expectClose(originLoss(teacher()), golden(entry, 'ssp_ce'));
    });

    it.each([
      [[0, 0, 0], 0, [1, 1, 1]],
      [[2, 1, 3, 1], 0.5, [0, 1, 0, 1]],
      [[1, 1, 1, 1], 0.75, [1, 1, 1, 0]],
      [[5, 0, 2, 1], 1, [1, 1, 1, 1]],
      [[5, 0, 2, 1], 0, [0, 1, 0, 0]],
    ])('of ranks %j keeps at a ratio of %d the rows %j', (ranks, ratio, wanted) => {
      expectClose(teachingRows(tf.tensor1d(ranks), ratio), wanted);
    });

    it('vanishes where the student equals the teacher', () => {
      expectClose(structureLoss(teacher(), teacher(), 0.5, tf.ones([6])), 0);
    });
  });
});
