import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { overlap } from '../../engine/detection/boxes';
import { decode } from '../../engine/detection/decode';
import {
  attentiveDistance,
  channelAttention,
  distance,
  maskedLoss,
  nearBoxes,
  positionAttention,
  proposalLoss,
} from '../../engine/losses/detectionImitation';
import { anchorOverlaps, regionFeatures } from '../../engine/losses/regions';
import { nearestTo } from '../../engine/losses/resample';
import { bestRegions, labelledRegions } from '../../engine/methods/proposals';
import { anchorGrid } from '../../engine/methods/detWang';
import { expectClose } from '../fixtures/closeTo';
import { golden, goldenInput } from '../fixtures/golden';
import { onEveryBackend } from '../fixtures/onEveryBackend';
import { expectSlope, noise } from '../fixtures/slope';

onEveryBackend(() => {
  describe('imitation within proposals', () => {
    const regions = (key: string) => tf.tensor2d(goldenInput('Det_Li_mimic', key));
    const student = () => regions('roi_feat_student(2 rois x 4)');
    const loss = (form: 'mean' | 'sum', counted = [1, 1]) =>
      proposalLoss(student(), regions('roi_feat_teacher'), tf.tensor1d(counted), form);

    it('has the golden values of both forms', () => {
      expectClose(loss('mean'), golden('Det_Li_mimic', 'half_mean_sq(EOD SampleFeature)'));
      expectClose(loss('sum'), golden('Det_Li_mimic', 'half_sumsq_per_roi(paper form)'));
    });

    it('leaves out regions that are none, is zero at the teacher and without any, and follows differences', () => {
      expectClose(loss('sum', [1, 0]), 1);
      expectClose(loss('mean', [0, 0]), 0);
      expectClose(proposalLoss(student(), student(), tf.ones([2]), 'sum'), 0);
      expectSlope((x) => proposalLoss(x, regions('roi_feat_teacher'), tf.ones([2]), 'mean'), student());
    });
  });

  describe('imitation near objects', () => {
    const map = (key: string) => tf.tensor4d([goldenInput<number[][][]>('Det_Wang_finegrained', key)]);
    const overlaps = () =>
      tf
        .tensor3d(goldenInput<number[][][]>('Det_Wang_finegrained', 'iou_HxWxA'))
        .reshape<tf.Tensor4D>([1, 1, 4, 2]);
    const mask = (present = 1) =>
      nearBoxes(overlaps(), tf.tensor2d([[present]]), goldenInput('Det_Wang_finegrained', 'psi'));

    it('has the golden mask and value', () => {
      expectClose(mask(), golden('Det_Wang_finegrained', 'mask'));
      expectClose(mask().sum() as tf.Scalar, golden('Det_Wang_finegrained', 'N_p'));
      expectClose(maskedLoss(map('student'), map('teacher'), mask()), golden('Det_Wang_finegrained', 'loss'));
    });

    it('is zero at the teacher and without boxes, and follows finite differences', () => {
      expectClose(maskedLoss(map('student'), map('student'), mask()), 0);
      expectClose(maskedLoss(map('student'), map('teacher'), mask(0)), 0);
      expectSlope((x) => maskedLoss(x as tf.Tensor4D, map('teacher'), mask()), map('student'));
    });

    it('knows how much anchors overlap boxes', () => {
      const [box, anchor] = [
        [0.1, 0.2, 0.5, 0.6],
        [0.3, 0.1, 0.9, 0.4],
      ] as [number[], number[]];
      const asBox = ([top, left, bottom, right]: number[]) =>
        ({ top, left, bottom, right }) as Parameters<typeof overlap>[0];
      const found = anchorOverlaps(tf.tensor3d([[box, anchor]]), tf.tensor2d([anchor, [0.6, 0.7, 0.8, 0.9]]));
      expectClose(found, [overlap(asBox(box), asBox(anchor)), 0, 1, 0]);
    });

    it('lays anchors of every shape around the middle of every cell', () => {
      const grid = anchorGrid(2, 3, { scales: [1, 2], ratios: [1, 4] });
      expect(grid.shape).toEqual([24, 4]);
      const [first, tall] = [grid.slice([0], [1]), grid.slice([4 * 5 + 1], [1])];
      expectClose(first, [0, 0, 0.5, 1 / 3]);
      expectClose(tall, [0.25, 2.25 / 3, 1.25, 2.75 / 3]);
    });
  });

  describe('attention of Zhang and Ma', () => {
    const map = (key: string) => tf.tensor4d([goldenInput<number[][][]>('Det_ZhangMa_attention', key)]);
    const [student, teacher] = [() => map('student'), () => map('teacher')];
    const temperature = goldenInput<number>('Det_ZhangMa_attention', 'T');

    it('has the golden masks and distances', () => {
      expectClose(
        positionAttention(student(), temperature),
        golden('Det_ZhangMa_attention', 'spatial_mask_student'),
      );
      expectClose(
        positionAttention(teacher(), temperature),
        golden('Det_ZhangMa_attention', 'spatial_mask_teacher'),
      );
      const masked = attentiveDistance(student(), student(), teacher(), { temperature, channels: false });
      expectClose(masked, golden('Det_ZhangMa_attention', 'masked_l2_norm'));
      expectClose(masked.mul(7e-5), golden('Det_ZhangMa_attention', 'weighted_7e-5'));
      const channels = distance(student().mean([1, 2]), teacher().mean([1, 2]));
      expectClose(channels, golden('Det_ZhangMa_attention', 'channel_pool_l2'));
      expectClose(
        distance(student().mean(3), teacher().mean(3)),
        golden('Det_ZhangMa_attention', 'spatial_pool_l2'),
      );
    });

    it('shares one unit of attention among all positions, and among all channels', () => {
      const maps = noise<tf.Tensor4D>([2, 3, 4, 5], 1);
      expectClose(positionAttention(maps, 0.5).mean(1), [1, 1]);
      expectClose(channelAttention(maps, 0.5).mean(1), [1, 1]);
    });

    it('weighs channels too where it is asked to, and treats the masks as constants', () => {
      const [own, its] = [noise<tf.Tensor4D>([2, 3, 3, 4], 2), noise<tf.Tensor4D>([2, 3, 3, 4], 3)];
      const options = { temperature: 0.5, channels: true };
      const mask = positionAttention(own, 0.5).add(positionAttention(its, 0.5)).div(2).reshape([2, 3, 3, 1]);
      const each = channelAttention(own, 0.5).add(channelAttention(its, 0.5)).div(2).reshape([2, 1, 1, 4]);
      const wanted = (x: tf.Tensor) => x.squaredDifference(its).mul(mask).mul(each).sum().sqrt() as tf.Scalar;
      const of = (x: tf.Tensor) => attentiveDistance(own, x as tf.Tensor4D, its, options);
      expectClose(of(own), wanted(own).dataSync()[0], 1e-4);
      expectClose(tf.grad(of)(own), [...tf.grad(wanted)(own).dataSync()]);
      expectClose(tf.grad((x) => distance(x, its))(its.clone()), new Array(its.size).fill(0));
      expectClose(distance(its, its), 0, 1e-5);
    });
  });

  describe('what lies in a box', () => {
    it('is interpolated between the centres of cells', () => {
      const ramp = tf.tensor4d(
        Array.from({ length: 16 }, (_, at) => [Math.floor(at / 4) + 0.5, (at % 4) + 0.5]).flat(),
        [1, 4, 4, 2],
      );
      const boxes = tf.tensor3d([[[0.25, 0.25, 0.75, 0.75], [0.5, 0.125, 0.5, 0.375]]], [1, 2, 4]); // prettier-ignore
      const found = regionFeatures(ramp, boxes, 2);
      expect(found.shape).toEqual([2, 2, 2, 2]);
      expectClose(found.slice([0], [1]), [1.5, 1.5, 1.5, 2.5, 2.5, 1.5, 2.5, 2.5]);
      expectClose(found.slice([1], [1]), [2, 0.75, 2, 1.25, 2, 0.75, 2, 1.25]);
    });

    it('has the gradient of finite differences, also beyond the edge', () => {
      const boxes = tf.tensor3d([[[-0.2, 0.1, 0.7, 1.3]], [[0.3, 0.3, 0.6, 0.9]]]);
      const weights = noise([2, 3, 3, 2], 4);
      expectSlope(
        (x) =>
          regionFeatures(x as tf.Tensor4D, boxes, 3)
            .mul(weights)
            .sum(),
        noise([2, 5, 4, 2], 5),
      );
    });

    it('is proposed by the head where it is surest: the boxes that decoding finds', () => {
      const logits = noise<tf.Tensor4D>([1, 3, 4, 6], 6)
        .mul<tf.Tensor4D>(0.4)
        .sub<tf.Tensor4D>([4, 4, 0, 0, 0, 0]);
      const peak = tf.buffer([1, 3, 4, 6]);
      peak.set(8, 0, 1, 2, 1);
      const sure = logits.add<tf.Tensor4D>(peak.toTensor());
      const { boxes, counted } = bestRegions(sure, 2);
      const [best] = decode(sure.squeeze<tf.Tensor3D>([0]).dataSync(), [3, 4, 6]);
      const edges = [best?.top, best?.left, best?.bottom, best?.right].map((at) =>
        Math.min(1, Math.max(0, at ?? NaN)),
      );
      expectClose(boxes.slice([0, 0, 0], [1, 1, 4]), edges);
      expectClose(counted, [1, 1]);
    });

    it('is labelled where a row has a class', () => {
      const rows = tf.tensor3d([[[0, 0, 1, 1, 2], [0, 0, 0, 0, -1]]], [1, 2, 5]); // prettier-ignore
      expectClose(labelledRegions(rows).counted, [1, 0]);
      expect(labelledRegions(rows).boxes.shape).toEqual([1, 2, 4]);
    });
  });

  describe('class numbers at another size', () => {
    it('are those under the centres of the cells', () => {
      const labels = tf.tensor3d([[[0, 1, 2, 3], [4, 5, 6, 7]]], [1, 2, 4], 'int32'); // prettier-ignore
      expectClose(nearestTo(labels, 1, 2), [5, 7]);
      expectClose(nearestTo(labels, 4, 4), [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7]);
      expect(nearestTo(labels, 1, 1).dtype).toBe('int32');
    });
  });
});
