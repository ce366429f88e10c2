import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { Sheet, SheetRequest } from '../contract/sheet';
import { channelDistribution } from './distribution';
import type { Match } from './matches';
import { withRun } from './openRuns';
import type { ProbedNetwork } from './newestWeights';
import type { ProbedRun } from './probedRun';
import { quantise } from './quantise';
import { withSample } from './sample';

/**
 * The channels of one tap of a run's network, for one sample of its validation split, with the weights of the newest
 * checkpoint. The run may be going on: it is only read.
 * Fails with runNotFound, modelInvalid (no such tap), dataInvalid (no such sample), pairMismatch (no adapter).
 */
export const readSheet = (request: SheetRequest): Promise<Sheet> =>
  withRun(request.run, async (probed) => {
    const { network, checkpoint } = networkOf(probed, request);
    const adapter = adapterFor(probed, request);
    const tap = await withSample(probed, request.sample, (raw) =>
      tf.tidy(() => {
        const output = network.forward(raw, { taps: [request.tap], training: false }).tap(request.tap);
        return adapter ? adapter.apply(output, false) : output;
      }),
    );
    const values = new Float32Array(await tap.data());
    tap.dispose();
    const { height, width, channels } = mapShape(tap.shape.slice(1), request.tap);
    const shown = request.view === 'distribution' ? channelDistribution(values, channels) : values;
    const { network: role, tap: name, view } = request;
    const place = { network: role, tap: name, view, height, width, channels };
    const step = checkpoint === null ? null : Number(checkpoint);
    return { ...place, ...quantise(shown, height * width, channels), checkpoint: step };
  });

const networkOf = (probed: ProbedRun, { network: role, tap }: SheetRequest): ProbedNetwork => {
  const found = probed[role];
  if (!found) {
    throw new Failed('modelNotFound', 'This run has no teacher.', 'Look at the student’s layers.');
  }
  if (!found.network.info.taps.includes(tap)) {
    throw new Failed(
      'modelInvalid',
      `The ${role} has no layer "${tap}" that can be shown.`,
      'Choose a layer from the list.',
    );
  }
  return found;
};

/** The student's tap goes through the adapter that it is trained with; the teacher's stays as it is. */
const adapterFor = (probed: ProbedRun, { network, tap, view }: SheetRequest): Match['adapter'] => {
  if (view !== 'adapted' || network === 'teacher') return null;
  const match = probed.matches.find(({ pair }) => pair.student === tap);
  if (!match) {
    throw new Failed(
      'pairMismatch',
      `The student’s layer "${tap}" is matched with no layer of the teacher.`,
      'Choose a matched layer, or look at its values.',
    );
  }
  return match.adapter;
};

/** Tiles of a map [H, W, C], a sequence [W, C] or a vector [C]. */
const mapShape = (shape: readonly number[], tap: string) => {
  const [channels, width = 1, height = 1, ...more] = [...shape].reverse();
  if (channels === undefined || more.length > 0) {
    throw new Failed(
      'modelUnsupported',
      `The layer "${tap}" puts out [${shape.join(', ')}], which cannot be shown as channels.`,
      'Choose a layer that puts out maps or vectors.',
    );
  }
  return { height, width, channels };
};
