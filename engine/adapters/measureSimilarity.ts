import * as tf from '@tensorflow/tfjs';
import type { Candidate } from '../contract/profile';
import type { Network } from '../models/network';
import { fitInput, type Probe } from './probe';
import { MinibatchCka, type Gram } from './similarity';

/** Two networks with the taps that are compared. */
export interface Compared {
  teacher: { network: Network; candidates: readonly Candidate[] };
  student: { network: Network; candidates: readonly Candidate[] };
}

/** How the probe's samples are cut into batches. */
export interface Batches {
  count: number;
  size: number;
}

/** Multiply-accumulates that a pass over the probe may take, so that it ends within seconds. */
const budgets: Record<string, number> = { tensorflow: 5e10, wasm: 1e10, cpu: 3e8 };
const mostBytes = 2.5e8;
const largest = 64;
const smallest = 8;

const activationBytes = (candidates: readonly Candidate[]): number =>
  candidates.reduce((sum, { shape }) => sum + 4 * shape.reduce((product, length) => product * length, 1), 0);

/**
 * How many samples the two networks are shown: what they cost decides, not how fast the machine happens to be, so the
 * same models give the same proposal.
 */
export const planBatches = ({ teacher, student }: Compared, probe: Probe): Batches => {
  const bytes = activationBytes([...teacher.candidates, ...student.candidates]);
  const macs = teacher.network.info.macs + student.network.info.macs;
  const affordable = Math.floor((budgets[tf.getBackend()] ?? budgets.cpu ?? 0) / Math.max(1, macs));
  const size = Math.min(
    probe.samples,
    Math.max(smallest, Math.min(largest, Math.floor(mostBytes / bytes), affordable)),
  );
  return { size, count: Math.max(1, Math.floor(Math.min(affordable, probe.samples) / size)) };
};

/** The taps of one network for raw samples; null where it cannot take them. */
export const tapsFor = (
  network: Network,
  candidates: readonly Pick<Candidate, 'tap'>[],
  images: tf.Tensor,
): tf.Tensor[] | null => {
  const fitting = fitInput(images, network.info.inputShape);
  if (!fitting) return null;
  const taps = candidates.map(({ tap }) => tap);
  const outputs = network.forward(fitting, { taps, training: false });
  return taps.map((tap) => outputs.tap(tap));
};

/** Inner products of the samples' features, the mean taken off: [n, n]. */
const gramOf = (features: tf.Tensor): Gram =>
  tf.tidy(() => {
    const size = features.shape[0] as number;
    const flat = features.reshape<tf.Tensor2D>([size, -1]);
    const centred = flat.sub(flat.mean(0));
    return centred.matMul(centred, false, true).dataSync<'float32'>();
  });

const unknown = ({ teacher, student }: Compared): null[][] =>
  teacher.candidates.map(() => student.candidates.map(() => null));

/**
 * Linear CKA (minibatch form) of every teacher candidate (row) with every student candidate (column) on the probe; all
 * null where the two networks cannot be shown the same samples.
 */
export const measureSimilarity = async (
  compared: Compared,
  probe: Probe,
  { count, size }: Batches,
): Promise<(number | null)[][]> => {
  const { teacher, student } = compared;
  if (size < 4) return unknown(compared);
  const cka = new MinibatchCka(teacher.candidates.length, student.candidates.length);
  for (let batch = 0; batch < count; batch++) {
    const shown = tf.tidy(() => {
      const images = probe.batch(batch * size, size);
      const [ours, theirs] = [student, teacher].map(({ network, candidates }) =>
        tapsFor(network, candidates, images)?.map(gramOf),
      );
      if (ours && theirs) cka.add(theirs, ours, size);
      return Boolean(ours && theirs);
    });
    if (!shown) return unknown(compared);
    await tf.nextFrame();
  }
  return cka.similarity();
};
