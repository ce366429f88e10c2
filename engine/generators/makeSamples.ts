import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import { acceptance, keptBelow } from '../losses/cganKd';
import { asVectors, type FeatureTap } from '../methods/featureTap';
import type { Batch } from '../data/dataset';
import type { MadeSamples, Setup } from '../methods/method';
import type { Network } from '../models/network';
import type { Random } from '../random';
import type { DensityRatio } from './densityRatio';
import { drawNoise, type Gan } from './gan';

/** The labels that candidates are generated for, and how the teacher's word about them is read. */
export interface Labelling {
  /** Labels (classes, or rows of standardised values) for `size` candidates. */
  draw(random: Random, size: number): tf.Tensor;
  /** The labels of samples of the data. */
  ofBatch(batch: Batch): tf.Tensor;
  conditionOf(labels: tf.Tensor): tf.Tensor2D;
  /** How far the teacher is from the label, [N]. */
  disagreement(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor1D;
  /** What the teacher says instead: classes [N], or values [N, outputs]. */
  adjusted(logits: tf.Tensor): tf.Tensor;
  /** Group of each candidate within which ratios and disagreements are compared. */
  groups(labels: tf.Tensor): Int32Array;
}

export interface SampleOptions {
  count: number;
  /** Share of the candidates, those that the teacher agrees with most, that is kept. */
  keep: number;
}

export interface SampleMaker {
  gan: Gan;
  ratio: DensityRatio;
  teacher: Network;
  tap: FeatureTap;
  labelling: Labelling;
  scan: Setup['scan'];
}

const batchSize = 128;
/** Candidates that the largest ratio is found on, at most: as many as samples are wanted. And samples of the data. */
const mostBurnIn = 5000;
/** Candidates that are made at most for each sample that is wanted. */
const patience = 20;

interface Candidates {
  pixels: Float32Array;
  targets: Float32Array;
  groups: Int32Array;
  ratios: Float32Array;
  disagreements: Float32Array;
}

const makeCandidates = (maker: SampleMaker, random: Random): Candidates => {
  const { gan, ratio, teacher, tap, labelling } = maker;
  const made = tf.tidy(() => {
    const labels = labelling.draw(random, batchSize);
    const condition = labelling.conditionOf(labels);
    const noise = drawNoise(random, batchSize, gan.latent);
    const painted = gan.toRaw(gan.generator.apply(noise, condition, false).pictures);
    const images = gan.isBytes ? painted.round() : painted;
    const outputs = teacher.forward(images, { taps: [tap.name], training: false });
    const ratios = ratio.apply(asVectors(outputs.tap(tap.name)), condition);
    const disagreements = labelling.disagreement(outputs.logits, labels);
    return { images, ratios, disagreements, adjusted: labelling.adjusted(outputs.logits).toFloat(), labels };
  });
  const read = (tensor: tf.Tensor): Float32Array => Float32Array.from(tensor.dataSync());
  const candidates = {
    pixels: read(made.images),
    targets: read(made.adjusted),
    groups: labelling.groups(made.labels),
    ratios: read(made.ratios),
    disagreements: read(made.disagreements),
  };
  tf.dispose(made);
  return candidates;
};

/** The largest ratio within each group. */
const largestRatios = (maker: SampleMaker, burnIn: number, random: Random): Map<number, number> => {
  const largest = new Map<number, number>();
  for (let done = 0; done < burnIn; done += batchSize) {
    const { groups, ratios } = makeCandidates(maker, random);
    groups.forEach((group, at) =>
      largest.set(group, Math.max(largest.get(group) ?? 0, ratios[at] as number)),
    );
  }
  return largest;
};

/** The furthest that the teacher is from any label of the data: what it is further from is no picture of them. */
const furthestOnData = async ({ scan, teacher, labelling }: SampleMaker): Promise<number> => {
  let furthest = 0;
  await scan(mostBurnIn, (batch) => {
    const { logits } = teacher.forward(batch.images, { taps: [], training: false });
    const apart = labelling.disagreement(logits, labelling.ofBatch(batch)).max().dataSync()[0] ?? 0;
    furthest = Math.max(furthest, apart);
  });
  return furthest;
};

interface Accepted {
  pixels: Float32Array;
  target: Float32Array;
  group: number;
  disagreement: number;
}

const acceptSome = (
  { pixels, targets, groups, ratios, disagreements }: Candidates,
  { largest, furthest }: { largest: ReadonlyMap<number, number>; furthest: number },
  random: Random,
): Accepted[] => {
  const [picture, target] = [pixels.length / groups.length, targets.length / groups.length];
  return [...groups].flatMap((group, at) => {
    const [chance = 1] = acceptance([ratios[at] as number], largest.get(group) ?? 1);
    if (random.uniform() >= chance || (disagreements[at] as number) > furthest) return [];
    return [
      {
        pixels: pixels.slice(at * picture, (at + 1) * picture),
        target: targets.slice(at * target, (at + 1) * target),
        group,
        disagreement: disagreements[at] as number,
      },
    ];
  });
};

const joined = <T extends Uint8Array | Float32Array>(
  parts: readonly Float32Array[],
  into: (length: number) => T,
): T => {
  const size = parts[0]?.length ?? 0;
  const all = into(parts.length * size);
  parts.forEach((part, at) => all.set(part, at * size));
  return all;
};

const packed = (kept: readonly Accepted[], isBytes: boolean): MadeSamples => {
  const pixels = kept.map((one) => one.pixels);
  return {
    count: kept.length,
    images: isBytes
      ? joined(pixels, (length) => new Uint8Array(length))
      : joined(pixels, (length) => new Float32Array(length)),
    targets: joined(
      kept.map((one) => one.target),
      (length) => new Float32Array(length),
    ),
  };
};

/**
 * Generates candidates, keeps each with the probability that the density ratio gives it, drops those that the teacher
 * disagrees with most, and lets the teacher say what the rest are.
 */
export const makeSamples = async (
  maker: SampleMaker,
  { count, keep }: SampleOptions,
  random: Random,
): Promise<MadeSamples> => {
  const furthest = await furthestOnData(maker);
  const limits = { furthest, largest: largestRatios(maker, Math.min(mostBurnIn, count), random) };
  const accepted: Accepted[] = [];
  const wanted = Math.ceil(count / keep);
  for (let made = 0; accepted.length < wanted && made < patience * wanted; made += batchSize) {
    accepted.push(...acceptSome(makeCandidates(maker, random), limits, random));
    await tf.nextFrame();
  }
  const kept = keptBelow(
    accepted.map(({ disagreement }) => disagreement),
    accepted.map(({ group }) => group),
    keep,
  );
  const chosen = kept.slice(0, count).map((at) => accepted[at] as Accepted);
  if (chosen.length === 0)
    throw new Failed(
      'recipeInvalid',
      'Of all that the generator made, no sample passed the filter.',
      'Raise ganEpochs in the loss, or lower its learning rate.',
    );
  return packed(chosen, maker.gan.isBytes);
};
