import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { requireTarget } from '../data/batchTarget';
import { maskedLoss, nearBoxes } from '../losses/detectionImitation';
import { anchorOverlaps } from '../losses/regions';
import { resizeToTeacher } from '../losses/resample';
import { withoutTape } from '../models/tape';
import { matchPairs, preparePairs, requireMaps } from './matchedPairs';
import type { Method, PairNeeds, Prepared, Setup } from './method';
import { labelledRegions } from './proposals';

const positive = z.number().positive();
const options = z.strictObject({
  method: z.literal('det-wang'),
  ...lossKeys,
  share: z
    .number()
    .min(0)
    .lt(1)
    .default(0.5)
    .describe(
      'A position is near a box if an anchor there overlaps it more than this share of the best one.',
    ),
  scales: z.array(positive).min(1).default([2, 4, 8]).describe('Sides of the anchors, in cells of the map.'),
  ratios: z.array(positive).min(1).default([0.5, 1, 2]).describe('Heights of the anchors over their widths.'),
  after: z
    .number()
    .min(0)
    .default(0)
    .describe('Epochs before it begins: features must mean something first.'),
});
type Options = z.infer<typeof options>;

const needs: PairNeeds = { channels: 'same', sizes: 'resized', connector: 'conv3x3' };

/** Every anchor at every cell of a map, as shares of the picture: [rows · columns · A, 4], cell after cell. */
export const anchorGrid = (
  rows: number,
  columns: number,
  { scales, ratios }: Pick<Options, 'scales' | 'ratios'>,
): tf.Tensor2D => {
  const shapes = scales.flatMap((scale) =>
    ratios.map((ratio) => [scale * Math.sqrt(ratio), scale / Math.sqrt(ratio)] as const),
  );
  const edges = Array.from({ length: rows * columns }, (_, cell) => {
    const [y, x] = [Math.floor(cell / columns) + 0.5, (cell % columns) + 0.5];
    return shapes.flatMap(([height, width]) => [
      (y - height / 2) / rows,
      (x - width / 2) / columns,
      (y + height / 2) / rows,
      (x + width / 2) / columns,
    ]);
  });
  return tf.tensor2d(Float32Array.from(edges.flat()), [rows * columns * shapes.length, 4]);
};

/** Positions [N, H · W] of a map that lie near a box of the labels. */
const nearMask = (labels: tf.Tensor3D, map: tf.Tensor4D, parameters: Options): tf.Tensor2D =>
  withoutTape(() => {
    const [, rows, columns] = map.shape;
    const { boxes, counted } = labelledRegions(labels);
    const overlaps = anchorOverlaps(boxes, anchorGrid(rows, columns, parameters));
    const [batch, count] = counted.shape;
    return nearBoxes(overlaps.reshape([batch, count, rows * columns, -1]), counted, parameters.share);
  });

export const detWang = {
  id: 'det-wang',
  title: 'Imitation near objects (Wang)',
  summary: 'Regresses the teacher’s features near the labelled boxes, where anchors overlap an object well.',
  source:
    'Wang et al., Distilling Object Detectors with Fine-grained Feature Imitation (CVPR 2019), equation 2.',
  url: 'https://arxiv.org/abs/1906.03609',
  guide: {
    formula: 'Σ mask · ‖A(Fs) − Ft‖² / (2 · positions in the mask)',
    needs: 'A teacher, boxes, and pairs of feature maps; not the same head.',
    cost: 'A 3x3 convolution a pair, trained along and dropped, and the overlap of all boxes with all anchors.',
    fails:
      'Early, when the student’s features mean nothing yet: let it begin `after` some epochs. With `share` 0 it is a plain regression of whole maps.',
    decisions: [
      'The head has no anchors, so they are laid over each map: `scales` cells wide at `ratios`, at every cell.',
      'The published adapter ends in a ReLU, which cannot reach negative values; here it does not.',
      'A batch without boxes counts 0. The published code waits 400 steps; here `after` says how long, by default not at all.',
    ],
  },
  tasks: ['detection'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: 0.01,
  needs,
  options,
  prepare: (setup: Setup, parameters: Options): Prepared => {
    requireMaps(setup, 'det-wang', 'positions of maps');
    return preparePairs(matchPairs(setup, needs), (student, teacher, { batch, epoch }) => {
      const its = teacher as tf.Tensor4D;
      const mask = nearMask(requireTarget(batch, 'boxes'), its, parameters);
      const loss = maskedLoss(resizeToTeacher(student, teacher) as tf.Tensor4D, its, mask);
      return loss.mul(epoch.greaterEqual(parameters.after).toFloat());
    });
  },
} satisfies Method<Options>;
