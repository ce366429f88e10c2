import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import { runFiles, type FrozenRecipe, type RunReport, type RunState } from '../contract/run';
import { Execution } from './execution';
import { asFailure } from './explain';
import { finishRun } from './finish';
import { clearStop, readFrozenRecipe, readState, stopRequested, writeFrozenRecipe } from './folder';
import { lockRun } from './lock';
import { startNotes } from './startNotes';
import { prepareRun, type PreparedRun } from './prepare';
import { Recorder } from './recorder';

export interface ExecuteOptions {
  onState: (state: RunState) => void;
  /** Opened already, by a command that checks before it makes the folder. */
  prepared?: PreparedRun;
}

const requireSame = (frozen: Record<string, string>, found: Record<string, string>): void => {
  for (const [what, hash] of Object.entries(frozen)) {
    if (found[what] !== undefined && found[what] !== hash)
      throw new Failed(
        'recipeInvalid',
        `The ${what} has changed since this run began.`,
        'Start a new run from the recipe, or bring the old version back.',
      );
  }
};

/** Opens everything, telling how far the pictures are decoded. */
const prepare = async (run: string, frozen: FrozenRecipe, recorder: Recorder): Promise<PreparedRun> => {
  let told: Promise<unknown> = Promise.resolve();
  const tell = (decoded: NonNullable<RunState['decoded']> | null): void => {
    told = told.then(() => recorder.update({ decoded }, { now: false })).catch(() => undefined);
  };
  try {
    return await prepareRun(frozen, (done, total) => {
      tell({ done, total });
      if (stopRequested(run))
        throw new Failed(
          'stopped',
          'The run was stopped before its training began.',
          'Resume it from the run list, or with: retort resume.',
        );
    });
  } finally {
    tell(null);
    await told;
  }
};

/** Says so where a run goes on with what computes differently: its end is then not that of a run that was never cut off. */
const tellBackend = async (recorder: Recorder, { backend }: PreparedRun): Promise<void> => {
  const { backend: before, totalStep } = recorder.state;
  if (totalStep > 0 && before && before.description !== backend.description)
    await recorder.event(
      'warning',
      `The run goes on with ${backend.description}; so far it computed with ${before.description}. Its numbers differ slightly from those of a run on one of them.`,
    );
  await recorder.update({ backend }, { now: true });
};

const runLocked = async (run: string, options: ExecuteOptions): Promise<RunReport> => {
  const state = await readState(run);
  const began = Date.now();
  const recorder = new Recorder(run, state, options.onState);
  try {
    await clearStop(run);
    await recorder.status('preparing', { pid: process.pid, failure: null });
    const frozen = await readFrozenRecipe(run);
    const prepared = options.prepared ?? (await prepare(run, frozen, recorder));
    requireSame(frozen.hashes, prepared.frozen.hashes);
    await writeFrozenRecipe(run, prepared.frozen);
    await tellBackend(recorder, prepared);
    await prepared.student.save(join(run, runFiles.models, 'student'));
    const [teacher] = prepared.teachers;
    if (teacher?.info.format === 'code') await teacher.save(join(run, runFiles.models, 'teacher'));
    const execution = new Execution(run, prepared, recorder);
    await execution.resume();
    if (state.totalStep === 0)
      for (const message of startNotes(prepared)) await recorder.event('info', message);
    if (!(await execution.train())) {
      throw new Failed(
        'stopped',
        'The run was stopped; its last checkpoint is kept.',
        'Resume it from the run list, or with: retort resume.',
      );
    }
    return await finishRun(run, prepared, recorder, (Date.now() - began) / 1000);
  } catch (error) {
    const failure = asFailure(error);
    await recorder
      .event(failure.code === 'stopped' ? 'info' : 'failure', failure.message)
      .catch(() => undefined);
    await recorder
      .status(failure.code === 'stopped' ? 'stopped' : 'failed', { failure })
      .catch(() => undefined);
    throw error;
  } finally {
    await clearStop(run).catch(() => undefined);
  }
};

/** Executes a run folder from its beginning or its newest checkpoint to its end, and writes all results into it. */
export const executeRun = async (run: string, options: ExecuteOptions): Promise<RunReport> => {
  const release = await lockRun(run);
  try {
    return await runLocked(run, options);
  } finally {
    tf.disposeVariables();
    await release();
  }
};
