import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { aceLoss } from '../../engine/losses/ace';
import { crossEntropy } from '../../engine/losses/crossEntropy';
import { ifvdLoss } from '../../engine/losses/ifvd';
import { kdLoss } from '../../engine/losses/kd';
import { convertPiWeight, piLoss, piReductions, type PiReduction } from '../../engine/losses/pi';
import { expectClose } from '../fixtures/closeTo';
import { expectSlope, noise } from '../fixtures/slope';
import { golden, goldenGradient, goldenInput } from '../fixtures/golden';
import { onEveryBackend } from '../fixtures/onEveryBackend';

onEveryBackend(() => {
  describe('pixel-wise soft targets', () => {
    const map = (key: string) => tf.tensor4d(goldenInput<number[][][][]>('PI', key));
    const loss = (reduction: PiReduction, temperature = 1) =>
      piLoss(map('student'), map('teacher'), reduction, temperature);

    it('has the golden value of each reduction', () => {
      expectClose(loss('soft-ce-sum'), golden('PI', 'skd_softCE_sum_over_HW'));
      expectClose(loss('element-mean'), golden('PI', 'ifvd_kl_mean_all_elements'));
      expectClose(loss('pixel-mean'), golden('PI', 'pixel_batchmean_kl(recommended,CIRKD)'));
      expectClose(loss('pixel-mean', 4), golden('PI', 'recommended_T4'));
    });

    it('is plain soft targets for vectors of logits', () => {
      const [student, teacher] = [noise([4, 5], 1), noise([4, 5], 2)];
      expectClose(piLoss(student, teacher, 'pixel-mean', 4), kdLoss(student, teacher, 4).dataSync()[0]);
    });

    it.each(piReductions)(
      'has its least value at the teacher and the gradient of its values: %s',
      (reduction) => {
        const [student, teacher] = [noise([2, 3, 3, 4], 3), noise([2, 3, 3, 4], 4)];
        const of = (logits: tf.Tensor) => piLoss(logits, teacher, reduction, 2);
        expectSlope(of, student);
        expectClose(tf.grad(of)(teacher.clone()), new Array(teacher.size).fill(0));
        if (reduction !== 'soft-ce-sum') expectClose(of(teacher), 0, 1e-6);
        expectClose(of(student.add(noise([2, 3, 3, 1], 5))), of(student).dataSync()[0], 1e-4);
      },
    );

    it.each(piReductions)('has the same weighted gradient once its weight is converted: %s', (reduction) => {
      const [student, teacher] = [noise([3, 2, 2, 5], 6), noise([3, 2, 2, 5], 7)];
      const sizes = { classes: 5, batch: 3 };
      const gradient = (one: PiReduction, weight: number) =>
        tf.grad((logits) => piLoss(logits, teacher, one, 1).mul(weight))(student);
      const wanted = gradient('pixel-mean', convertPiWeight(7, reduction, 'pixel-mean', sizes));
      expectClose(gradient(reduction, 7), [...wanted.dataSync()]);
      const there = convertPiWeight(7, 'soft-ce-sum', reduction, sizes);
      expect(convertPiWeight(there, reduction, 'soft-ce-sum', sizes)).toBeCloseTo(7, 10);
    });
  });

  describe('intra-class feature variation', () => {
    const map = (key: string) => tf.tensor4d(goldenInput<number[][][][]>('IFVD', key));
    const labels = () => tf.tensor3d(goldenInput<number[][][]>('IFVD', 'labels_1x4'), [1, 1, 4], 'int32');
    const loss = (student: tf.Tensor4D, over: 'labelled' | 'all') =>
      ifvdLoss(student, map('teacher_1x4x2'), labels(), goldenInput('IFVD', 'num_classes'), over);

    it('has the golden values over all positions and over those with a label', () => {
      expectClose(loss(map('student_1x4x2'), 'all'), golden('IFVD', 'loss_official_mean_over_all_pixels'));
      expectClose(
        loss(map('student_1x4x2'), 'labelled'),
        golden('IFVD', 'loss_masked_mean_over_valid(proposed)'),
      );
    });

    it('has the golden gradient', () => {
      const gradient = tf.grad((features) => loss(features as tf.Tensor4D, 'all'))(map('student_1x4x2'));
      expectClose(gradient, goldenGradient('IFVD_wrt_student'));
    });

    it('is zero at the teacher, blind to scale, and follows finite differences', () => {
      const student = noise<tf.Tensor4D>([2, 3, 4, 3], 1);
      const teacher = noise<tf.Tensor4D>([2, 3, 4, 5], 2);
      const classes = tf.tensor3d(
        [...Array(24).keys()].map((at) => (at % 5 === 4 ? 255 : at % 3)),
        [2, 3, 4],
        'int32',
      );
      const of = (features: tf.Tensor) => ifvdLoss(features as tf.Tensor4D, teacher, classes, 3, 'labelled');
      expectClose(of(teacher), 0, 1e-6);
      expectClose(of(student.mul(40)), of(student).dataSync()[0]);
      expectSlope(of, student);
    });

    it('is zero with a finite gradient where nothing has a label', () => {
      const nothing = tf.fill([1, 1, 4], 255, 'int32') as tf.Tensor3D;
      const of = (features: tf.Tensor) =>
        ifvdLoss(features as tf.Tensor4D, map('teacher_1x4x2'), nothing, 3, 'labelled');
      expectClose(of(map('student_1x4x2')), 0);
      expectClose(tf.grad(of)(map('student_1x4x2')), new Array(8).fill(0));
    });
  });

  describe('adaptive cross-entropy', () => {
    const student = () => tf.tensor2d(goldenInput('ACE_spec', 'student_logits'));
    const teacher = () => tf.tensor2d(goldenInput('ACE_spec', 'teacher_probs')).log();
    const labels = () => tf.tensor1d(goldenInput<number[]>('ACE_spec', 'labels'), 'int32');

    it('has the golden values', () => {
      expectClose(aceLoss(student(), teacher(), labels()), golden('ACE_spec', 'mean'));
      const each = [0, 1].map((at) =>
        aceLoss(student().slice([at], [1]), teacher().slice([at], [1]), labels().slice([at], [1])),
      );
      expectClose(tf.stack(each), golden('ACE_spec', 'per_pixel'));
    });

    it('is cross-entropy where the teacher gives the label no chance, and leaves out what has none', () => {
      const wrong = tf.tensor2d([
        [0, 30, 0],
        [30, 0, 0],
      ]);
      expectClose(aceLoss(student(), wrong, labels()), crossEntropy(student(), labels()).dataSync()[0]);
      const half = tf.tensor1d([0, 255], 'int32');
      const first = aceLoss(student().slice([0], [1]), teacher().slice([0], [1]), labels().slice([0], [1]));
      expectClose(aceLoss(student(), teacher(), half), first.dataSync()[0]);
      expectSlope((logits) => aceLoss(logits, teacher(), labels()), student());
    });
  });
});
