import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { isMap } from '../adapters/build';
import { Failed } from '../contract/failure';
import { lossKeys } from '../contract/recipe';
import { resizeBilinearTo } from '../losses/resample';
import { denseVotes, zipfLoss } from '../losses/zipf';
import type { Network } from '../models/network';
import { withoutTape } from '../models/tape';
import type { Method, Prepared, Setup } from './method';

const options = z.strictObject({
  method: z.literal('zipf'),
  ...lossKeys,
  enlarge: z
    .int()
    .positive()
    .default(2)
    .describe('The last map is enlarged by this before its positions vote: small maps have few votes.'),
});
type Options = z.infer<typeof options>;

/** A classifier that reads channels averaged over positions, so it can read any single position too. */
interface PositionClassifier {
  /** The map's tap. */
  tap: string;
  /** [C, K] */
  weights: tf.Variable;
  /** [K] */
  bias: tf.Variable | undefined;
}

const classifierOf = ({ info, trainable }: Network, classes: number): PositionClassifier => {
  const map = info.layers.findLast((layer) => info.taps.includes(layer.name) && isMap(layer.shape));
  const variables = [...trainable.values()];
  const at = variables.findLastIndex((variable) => variable.rank === 2);
  const weights = variables[at];
  if (!map || !weights || weights.shape[0] !== map.shape[2] || weights.shape[1] !== classes) {
    throw new Failed(
      'pairMismatch',
      `The student "${info.name}" does not classify channels averaged over positions, which zipf needs: every position votes.`,
      'End the student with a convolution, global average pooling and one dense layer, or use another method.',
    );
  }
  const after = variables[at + 1];
  return {
    tap: map.name,
    weights,
    bias: after?.rank === 1 && after.shape[0] === classes ? after : undefined,
  };
};

/** Votes of every position of the enlarged map [N, K]; a constant: no gradient flows through a vote. */
const votesOf = (map: tf.Tensor4D, { weights, bias }: PositionClassifier, enlarge: number): tf.Tensor2D =>
  withoutTape(() => {
    const [batch, height, width, channels] = map.shape;
    const large = resizeBilinearTo(map, height * enlarge, width * enlarge);
    const scores = large.reshape([-1, channels]).matMul(weights);
    const biased = bias ? scores.add(bias) : scores;
    return denseVotes(biased.reshape([batch, height * width * enlarge ** 2, -1]));
  });

export const zipf = {
  id: 'zipf',
  title: 'Zipf label smoothing',
  summary: 'Needs no teacher: softens the labels by how the student’s own positions rank the other classes.',
  source: 'Liang et al., Efficient One Pass Self-distillation with Zipf’s Label Smoothing (ECCV 2022).',
  url: 'https://arxiv.org/abs/2207.12980',
  guide: {
    formula:
      'KL(p ‖ softmax over the classes but the label), p the class ranks among dense votes, mass 1 / rank',
    needs: 'Labels, no teacher; a student that ends in pooling and one dense layer.',
    cost: 'The classifier applied at every position; nothing that is trained.',
    fails: 'With few classes there is little to rank, and on small maps few positions vote.',
    decisions: [
      'Votes come from the student’s own classifier on its enlarged last map; the published extra dense classifiers are left out.',
      'Classes with as many votes share the better rank, the label takes part in the ranking.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: false,
  pairs: 'none',
  defaultWeight: 0.1,
  options,
  prepare: (setup: Setup, { enlarge }: Options): Prepared => {
    const classifier = classifierOf(setup.student, setup.classes);
    return {
      taps: { student: [classifier.tap], teachers: [] },
      losses: (step) => {
        const outputs = step.student();
        const votes = votesOf(outputs.tap(classifier.tap) as tf.Tensor4D, classifier, enlarge);
        return { '': zipfLoss(outputs.logits as tf.Tensor2D, votes, step.batch.labels) };
      },
    };
  },
} satisfies Method<Options>;
