import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { atLoss, attentionMap } from '../../engine/losses/at';
import { crdLoss, normaliser, scoresOf, updatedMemory, type Contrast } from '../../engine/losses/crd';
import { crossEntropy } from '../../engine/losses/crossEntropy';
import { reversalStrength, temperatureOf } from '../../engine/losses/ctkd';
import { cwdLoss } from '../../engine/losses/cwd';
import { fitnetsLoss } from '../../engine/losses/fitnets';
import { scaleGradient } from '../../engine/losses/gradient';
import { kdLoss } from '../../engine/losses/kd';
import { batchSimilarity, spLoss } from '../../engine/losses/sp';
import { expectClose } from '../fixtures/closeTo';
import { golden, goldenGradient, goldenInput } from '../fixtures/golden';
import { onEveryBackend } from '../fixtures/onEveryBackend';

const maps = (entry: string, key: string) => tf.tensor4d(goldenInput<number[][][][]>(entry, key));
const rows = (entry: string, key: string) => tf.tensor2d(goldenInput(entry, key));

onEveryBackend(() => {
  describe('cross-entropy and soft targets', () => {
    const [student, teacher] = [() => rows('KD', 'student_logits'), () => rows('KD', 'teacher_logits')];
    const labels = () => tf.tensor1d(goldenInput<number[]>('KD', 'labels'), 'int32');

    it('has the golden values', () => {
      expectClose(crossEntropy(student(), labels()), golden('KD', 'ce'));
      expectClose(kdLoss(student(), teacher(), 4), golden('KD', 'kd_T4'));
      expectClose(kdLoss(student(), teacher(), 1), golden('KD', 'kd_T1'));
      const total = crossEntropy(student(), labels())
        .mul(0.1)
        .add(kdLoss(student(), teacher(), 4).mul(0.9));
      expectClose(total, golden('KD', 'total_0.1ce_0.9kd'));
    });

    it('has the golden gradient', () => {
      const gradient = tf.grad((logits) => kdLoss(logits, teacher(), 4))(student());
      expectClose(gradient, goldenGradient('KD_T4_wrt_student_logits'));
    });
  });

  describe('hints', () => {
    const [student, teacher] = [() => maps('FitNets', 'student'), () => maps('FitNets', 'teacher')];

    it('has the golden values, with and without an adapter', () => {
      expectClose(fitnetsLoss(student(), teacher()), golden('FitNets', 'mse_identity'));
      const kernel = rows('FitNets', 'adapter_kernel_inout').reshape([1, 1, 2, 2]) as tf.Tensor4D;
      const adapted = tf.conv2d(student(), kernel, 1, 'same');
      expectClose(adapted, golden('FitNets', 'adapted_student'));
      expectClose(fitnetsLoss(adapted, teacher()), golden('FitNets', 'mse_after_1x1'));
    });

    it('has the golden gradient', () => {
      const gradient = tf.grad((features) => fitnetsLoss(features, teacher()))(student());
      expectClose(gradient, goldenGradient('FitNets_wrt_student'));
    });
  });

  describe('attention transfer', () => {
    const [student, teacher] = [() => maps('AT', 'student'), () => maps('AT', 'teacher')];

    it('has the golden maps and values in both forms', () => {
      expectClose(attentionMap(student()), golden('AT', 'map_student'));
      expectClose(attentionMap(teacher()), golden('AT', 'map_teacher'));
      expectClose(atLoss(student(), teacher(), 'code'), golden('AT', 'code_mean_sq'));
      expectClose(atLoss(student(), teacher(), 'paper'), golden('AT', 'paper_l2norm_batchmean'));
    });

    it('has the golden gradient', () => {
      const gradient = tf.grad((features) => atLoss(features as tf.Tensor4D, teacher(), 'code'))(student());
      expectClose(gradient, goldenGradient('AT_wrt_student_features'));
    });
  });

  describe('similarity preserving', () => {
    const [student, teacher] = [() => rows('SP', 'student_3x3'), () => rows('SP', 'teacher_3x2')];

    it('has the golden matrices and value', () => {
      expectClose(batchSimilarity(student()), golden('SP', 'G_student'));
      expectClose(batchSimilarity(teacher()), golden('SP', 'G_teacher'));
      expectClose(spLoss(student(), teacher()), golden('SP', 'loss'));
    });

    it('has the golden gradient', () => {
      expectClose(
        tf.grad((features) => spLoss(features, teacher()))(student()),
        goldenGradient('SP_wrt_student'),
      );
    });
  });

  describe('channel-wise distillation', () => {
    const [student, teacher] = [() => maps('CWD', 'student'), () => maps('CWD', 'teacher')];

    it('has the golden values', () => {
      expectClose(cwdLoss(student(), teacher(), 1), golden('CWD', 'T1'));
      expectClose(cwdLoss(student(), teacher(), 4), golden('CWD', 'T4'));
      expectClose(cwdLoss(teacher(), teacher(), 4), golden('CWD', 'T4_self(teacher,teacher)'));
    });

    it('has the golden gradient', () => {
      const gradient = tf.grad((features) => cwdLoss(features as tf.Tensor4D, teacher(), 4))(student());
      expectClose(gradient, goldenGradient('CWD_T4_wrt_student'));
    });
  });

  describe('curriculum temperature', () => {
    const range = {
      start: goldenInput<number>('CTKD', 't_start'),
      span: goldenInput<number>('CTKD', 't_end'),
    };
    const loss = (theta: tf.Scalar) =>
      kdLoss(rows('CTKD', 'student_logits'), rows('CTKD', 'teacher_logits'), temperatureOf(theta, range));
    const theta = () => tf.scalar(goldenInput<number>('CTKD', 'theta'));

    it('has the golden temperature, loss and gradient', () => {
      expectClose(temperatureOf(theta(), range), golden('CTKD', 'T'));
      expectClose(loss(theta()), golden('CTKD', 'loss'));
      expectClose(tf.grad((value) => loss(value as tf.Scalar))(theta()), golden('CTKD', 'dL_dtheta_plain'));
    });

    it('has the golden reversal, from the first epoch to the last', () => {
      const running = [1, 5, 10, 50];
      const strengths = running.map((epoch) => reversalStrength(tf.scalar(epoch - 1 + 0.4), 10));
      expectClose(tf.stack(strengths), golden('CTKD', 'lambda_epoch_1_5_10_50'));
    });

    it('shows the optimizer the golden reversed gradient', () => {
      const strength = reversalStrength(tf.scalar(4), 10);
      const gradient = tf.grad((value) => loss(scaleGradient(value as tf.Scalar, strength)))(theta());
      expectClose(gradient, golden('CTKD', 'dL_dtheta_seen_by_optimizer_epoch5'));
    });
  });

  describe('contrastive representation', () => {
    const [own, ...drawn] = goldenInput('CRD', 'idx(first=positive)')[0] as number[];
    const samples = goldenInput<number>('CRD', 'n_data');
    const contrast = (anchors: string, memory: string): Contrast => ({
      anchors: rows('CRD', anchors),
      memory: rows('CRD', memory),
      indices: tf.tensor1d([own as number], 'int32'),
      negatives: tf.tensor2d([
        Array.from({ length: samples }, (_, sample) => (drawn.includes(sample) ? 1 : 0)),
      ]),
      count: goldenInput<number>('CRD', 'K'),
      temperature: goldenInput<number>('CRD', 'T'),
    });
    const student = () => contrast('embed_s', 'memory_v2(teacher)');
    const teacher = () => contrast('embed_t', 'memory_v1(student)');

    it('has the golden normalisers and values', () => {
      const cases = [
        [student(), 'Z_v1', 'loss_s'],
        [teacher(), 'Z_v2', 'loss_t'],
      ] as const;
      for (const [side, z, loss] of cases) {
        const scores = scoresOf(side);
        const normal = normaliser(scores, side);
        expectClose(normal.div(golden<number>('CRD', z)), 1);
        expectClose(crdLoss(scores, side, normal), golden('CRD', loss));
      }
    });

    it('moves the memory to the golden rows and leaves the others', () => {
      const moved = (memory: string, embedding: string) =>
        updatedMemory(rows('CRD', memory), tf.tensor1d([0], 'int32'), rows('CRD', embedding), 0.5);
      const [first, second] = [
        moved('memory_v1(student)', 'embed_s'),
        moved('memory_v2(teacher)', 'embed_t'),
      ];
      expectClose(first.slice([0], [1]), golden('CRD', 'memory_v1[0]_after'));
      expectClose(second.slice([0], [1]), golden('CRD', 'memory_v2[0]_after'));
      expectClose(second.slice([1], [3]), goldenInput('CRD', 'memory_v2(teacher)').slice(1));
    });

    it('leaves the memory that it is given as it was: the gradient still needs it', () => {
      const memory = rows('CRD', 'memory_v2(teacher)');
      updatedMemory(memory, tf.tensor1d([0], 'int32'), rows('CRD', 'embed_t'), 0.5);
      expectClose(memory, goldenInput('CRD', 'memory_v2(teacher)'));
    });
  });
});
