import * as tf from '@tensorflow/tfjs';
import type { AdapterOffer } from '../contract/profile';
import type { Random } from '../random';
import { solveAssignment } from './assignment';
import type { AdapterChoice } from './build';
import { reachOf } from './offers';
import { readRows, type Reach, type Rows } from './positions';
import { coefficientOf, ridgeResidual, type Regression, type Residual } from './ridge';

/** Share of the rows that a fit is made from; it is measured on the others, which come from other samples. */
const trainShare = 0.75;
const fewestHeldBack = 8;

interface Split {
  train: Regression;
  test: Regression;
}

/** More outputs than these are fitted by an even selection. */
const mostOutputs = 256;
/** Adapters that see more inputs than these at once are not fitted. */
const mostInputs = 4096;

const splitRows = ({ inputs, outputs }: Rows): Split | null => {
  const cut = Math.floor(inputs.length * trainShare);
  if (inputs.length - cut < fewestHeldBack) return null;
  const part = (from: number, to?: number): Regression => ({
    inputs: tf.tensor2d(inputs.slice(from, to)),
    outputs: tf.tensor2d(outputs.slice(from, to)),
  });
  return { train: part(0, cut), test: part(cut) };
};

/** Disposes of every tensor that `work` makes. */
const scoped = <T>(work: () => T): T => {
  tf.engine().startScope('fit');
  try {
    return work();
  } finally {
    tf.engine().endScope();
  }
};

const sum = (x: tf.Tensor): number => x.sum().dataSync()[0] as number;

const identityResidual = ({ inputs, outputs }: Regression): Residual => ({
  error: sum(outputs.sub(inputs).square()),
  variation: sum(outputs.sub(outputs.mean(0)).square()),
});

const standardised = (x: tf.Tensor2D): tf.Tensor2D => {
  const { mean, variance } = tf.moments(x, 0);
  return x.sub(mean).mul(variance.add(1e-8).rsqrt());
};

/** Gives every teacher channel the student channel that it correlates with most; each is used equally often. */
const assignChannels = ({ inputs, outputs }: Regression): number[] => {
  const [rows, students] = inputs.shape;
  const teachers = outputs.shape[1];
  const uses = Math.ceil(teachers / students);
  const correlation = standardised(outputs).matMul(standardised(inputs), true).div(rows);
  const costs = tf.sub(1, correlation).tile([1, uses]).dataSync<'float32'>();
  const chosen = solveAssignment({ rows: teachers, columns: uses * students, values: costs });
  return Array.from(chosen, (column) => column % students);
};

/** With the best scale and offset of each channel. */
const assignedResidual = ({ train, test }: Split, channels: readonly number[]): Residual => {
  const pick = (x: tf.Tensor2D) => x.gather([...channels], 1);
  const [x, y] = [pick(train.inputs), train.outputs];
  const [meanX, meanY] = [x.mean(0), y.mean(0)];
  const slope = x.sub(meanX).mul(y.sub(meanY)).sum(0).div(x.sub(meanX).square().sum(0).add(1e-8));
  const predicted = pick(test.inputs).sub(meanX).mul(slope).add(meanY);
  return identityResidual({ inputs: predicted as tf.Tensor2D, outputs: test.outputs });
};

/** What the rows of one pair say about its adapters. */
export interface Fits {
  of(kind: AdapterChoice): number | null;
  /** Of `assign`; null where there are too few rows. */
  channels: number[] | null;
  /** Whether the teacher's values are never negative, as behind a ReLU. */
  isRectified: boolean;
}

const withFewOutputs = ({ inputs, outputs }: Regression): Regression => {
  const count = outputs.shape[1];
  if (count <= mostOutputs) return { inputs, outputs };
  const chosen = Array.from({ length: mostOutputs }, (_, at) => Math.floor((at * count) / mostOutputs));
  return { inputs, outputs: outputs.gather(chosen, 1) };
};

const linearFit = (groups: readonly Rows[]): number | null =>
  scoped(() => {
    const splits = groups.map(splitRows);
    return splits.every((split) => split !== null)
      ? coefficientOf(
          splits.map((split) => ridgeResidual(withFewOutputs(split.train), withFewOutputs(split.test))),
        )
      : null;
  });

/** Fits every linear adapter of a pair to the rows that were read for it. */
export const fitPair = (rows: ReadonlyMap<Reach, readonly Rows[]>, kinds: readonly AdapterChoice[]): Fits =>
  scoped(() => {
    const linear = new Map([...rows].map(([reach, groups]) => [reach, linearFit(groups)]));
    const [points] = rows.get('point') ?? [];
    const split = points ? splitRows(points) : null;
    const channels = split && kinds.includes('assign') ? assignChannels(split.train) : null;
    const identity = kinds.includes('none') || kinds.includes('resize');
    const unchanged = split && identity ? coefficientOf([identityResidual(split.test)]) : null;
    const assigned = split && channels ? coefficientOf([assignedResidual(split, channels)]) : null;
    return {
      channels,
      isRectified: points?.outputs.every((row) => row.every((value) => value >= 0)) ?? false,
      of: (kind) => {
        const reach = reachOf(kind);
        if (reach) return linear.get(reach) ?? null;
        if (kind === 'none' || kind === 'resize') return unchanged;
        return kind === 'assign' ? assigned : null;
      },
    };
  });

/** Rows of one pair from one batch, added to those of earlier batches. */
export const addRows = (
  into: Map<Reach, Rows[]>,
  taps: { student: tf.Tensor; teacher: tf.Tensor },
  reaches: readonly Reach[],
  perSample: number,
  random: (reach: Reach) => Random,
): void => {
  for (const reach of reaches) {
    const fresh = readRows(taps.student, taps.teacher, reach, perSample, random(reach));
    const known = into.get(reach);
    if (!known) into.set(reach, fresh);
    else
      fresh.forEach((rows, group) => {
        known[group]?.inputs.push(...rows.inputs);
        known[group]?.outputs.push(...rows.outputs);
      });
  }
};

const inputsOf: Record<Reach, number> = { point: 1, around: 9, half: 9, double: 4 };

/** Where the rows of a pair's adapters are read; `channels` are the student's. */
export const reachesOf = (offers: readonly AdapterOffer[], channels: number): Reach[] => {
  const reaches = new Set<Reach>(['point', ...offers.flatMap(({ kind }) => reachOf(kind) ?? [])]);
  return [...reaches].filter((reach) => inputsOf[reach] * channels <= mostInputs);
};
