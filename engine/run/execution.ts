import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failed } from '../contract/failure';
import { runFiles, type StageState } from '../contract/run';
import {
  checkpointName,
  listCheckpoints,
  newestWhole,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
  type Checkpoint,
  type Manifest,
} from '../training/checkpoint';
import {
  restoreVariables,
  stageVariables,
  startStage,
  stepsOf,
  type RunningStage,
  type Stage,
} from '../training/stage';
import { trainStage, type Cursor, type Watcher } from '../training/train';
import { bestPeer, copyWeights } from './bestPeer';
import { rewindMetrics, stopRequested } from './folder';
import { keepStage, ownVariables, readKeptStage, stageKeys } from './keptStages';
import { watchLosses } from './lossWarnings';
import { provideSamples } from './madeSamples';
import type { PreparedRun } from './prepare';
import type { Recorder } from './recorder';

type Position = Pick<Manifest, 'best' | 'chosen'> & { stageIndex: number; cursor: Cursor };

const beginningOf = (stageIndex: number, chosen: Position['chosen']): Position => ({
  stageIndex,
  chosen,
  best: null,
  cursor: { step: 0, pending: { count: 0, sums: {} } },
});

const describeStage = (stage: Stage): StageState => ({
  name: stage.name,
  epochs: stage.training.epochs,
  stepsPerEpoch: stage.stepsPerEpoch,
});

/** Executes a prepared run stage by stage. */
export class Execution {
  private position = beginningOf(0, {});
  /** Of what other runs may take over; empty for other stages. */
  private readonly keys: readonly string[];

  constructor(
    private readonly run: string,
    private readonly prepared: PreparedRun,
    private readonly recorder: Recorder,
  ) {
    this.keys = stageKeys(prepared);
  }

  private get stages(): readonly Stage[] {
    return this.prepared.stages;
  }

  private stepsBefore(index: number): number {
    return this.stages.slice(0, index).reduce((sum, stage) => sum + stepsOf(stage), 0);
  }

  /** Puts everything where the newest whole checkpoint left it. The test split is measured at the very end, once. */
  async resume(): Promise<void> {
    const damaged: Failed[] = [];
    const checkpoint = await newestWhole(this.run, (failure) => damaged.push(failure));
    for (const failure of damaged)
      await this.recorder.event('warning', `${failure.message} An older one was used.`);
    const index = checkpoint?.manifest.stageIndex ?? 0;
    const step = checkpoint?.manifest.step ?? 0;
    await rewindMetrics(this.run, (point) => {
      const stage = this.stages.findIndex((one) => one.name === point.stage);
      const isBefore = stage < index || (stage === index && point.step <= step);
      return checkpoint !== null && isBefore && point.split !== 'test';
    });
    if (!checkpoint) return;
    const { best, chosen, pending, totalStep } = checkpoint.manifest;
    this.position = { stageIndex: index, cursor: { step, pending }, best, chosen };
    for (const stage of this.stages.slice(0, index)) await this.restoreChosen(stage);
    await this.recorder.event(
      'info',
      `Resumed after ${totalStep} steps, in the stage "${checkpoint.manifest.stage}".`,
    );
    this.checkpoint = checkpoint;
  }

  /** The checkpoint to continue from, until its stage has started. */
  private checkpoint: Checkpoint | null = null;

  private async restoreChosen(stage: Stage): Promise<void> {
    const name = this.position.chosen[stage.name];
    if (name !== undefined) await this.restoreFrom(name, stage);
  }

  private async restoreFrom(name: string, stage: Stage): Promise<void> {
    const { variables } = await readCheckpoint(join(this.run, runFiles.checkpoints, name));
    restoreVariables(stageVariables(stage), variables, () => undefined);
  }

  /** The name of the stage's last checkpoint. */
  private lastOf(stage: Stage): string {
    return checkpointName(this.stepsBefore(this.position.stageIndex) + stepsOf(stage));
  }

  /** The name of the checkpoint whose weights the recipe wants of a stage that has ended. */
  private wantedOf(stage: Stage): string {
    const last = this.lastOf(stage);
    return this.prepared.frozen.recipe.keep === 'best' ? (this.position.best?.folder ?? last) : last;
  }

  /** Gives false if the run was asked to stop. */
  async train(): Promise<boolean> {
    const totalSteps = this.stepsBefore(this.stages.length);
    await this.recorder.status('training', { stages: this.stages.map(describeStage), totalSteps });
    for (let index = this.position.stageIndex; index < this.stages.length; index++) {
      const stage = this.stages[index] as Stage;
      if (index > this.position.stageIndex) this.position = beginningOf(index, this.position.chosen);
      const isTaken = await this.takeOver(stage, index);
      if (!isTaken && !(await this.trainOne(stage, index))) return false;
      await this.finishStage(stage);
      if (!isTaken) await this.keep(stage, index);
    }
    await rm(join(this.run, runFiles.cache), { recursive: true, force: true });
    return true;
  }

  private async trainOne(stage: Stage, index: number): Promise<boolean> {
    await provideSamples(this.run, stage, this.recorder);
    const running = startStage(stage, this.prepared.measures);
    try {
      if (this.checkpoint) {
        restoreVariables(running.saved, this.checkpoint.variables, (name) => {
          throw new Failed(
            'checkpointCorrupt',
            `The checkpoint lacks the variable ${name}.`,
            'Start a new run from the recipe: the model or the losses have changed.',
          );
        });
        this.checkpoint = null;
      }
      await this.recorder.update({ stage: index, epoch: 0, step: this.position.cursor.step }, { now: true });
      const { recipe } = this.prepared.frozen;
      const options = {
        dataset: this.prepared.dataset,
        augment: recipe.data.augment,
        seed: recipe.seed,
        cache: { ...recipe.cache, folder: join(this.run, runFiles.cache) },
      };
      const watcher = await this.watch(running, index);
      if (!(await trainStage(running, options, this.position.cursor, watcher))) return false;
      if (stage.name === 'student' && recipe.export === 'best') await this.choosePeer(running, index);
      return true;
    } finally {
      running.dispose();
    }
  }

  /** Loads what another run has made of the very same stage. Gives false where there is nothing, or it is not wished. */
  private async takeOver(stage: Stage, index: number): Promise<boolean> {
    const key = this.keys[index];
    if (!key || !this.prepared.frozen.recipe.reuse || this.checkpoint || this.position.cursor.step > 0)
      return false;
    const kept = await readKeptStage(this.run, key, stage);
    if (!kept) return false;
    const running = startStage(stage, this.prepared.measures);
    try {
      restoreVariables(ownVariables(stage), kept.checkpoint.variables, () => undefined);
      for (const point of kept.points) await this.recorder.point(point);
      const { best } = kept.checkpoint.manifest;
      const [step, epoch] = [stepsOf(stage), stage.training.epochs];
      const cursor = { step, pending: { count: 0, sums: {} } };
      this.position.best = best && { ...best, folder: this.lastOf(stage) };
      this.position.cursor = cursor;
      await this.write(running, index, cursor, epoch);
      const totalStep = this.stepsBefore(index) + step;
      await this.recorder.update({ stage: index, epoch, step, totalStep }, { now: true });
    } finally {
      running.dispose();
    }
    await this.recorder.event('info', `The stage "${stage.name}" was taken over from an earlier run.`);
    return true;
  }

  /** For runs that would train the same stage. */
  private async keep(stage: Stage, index: number): Promise<void> {
    const key = this.keys[index];
    if (!key || !this.prepared.frozen.recipe.reuse) return;
    const { best } = this.position;
    const step = stepsOf(stage);
    const done = { step, totalStep: step, epoch: stage.training.epochs, pending: { count: 0, sums: {} } };
    await keepStage(this.run, key, stage, { stage: stage.name, stageIndex: 0, ...done, best, chosen: {} });
  }

  /** Makes the student what the best of its peers is, in the epoch that was chosen; in the stage's last checkpoint. */
  private async choosePeer({ stage, ...running }: RunningStage, index: number): Promise<void> {
    const { dataset, measures } = this.prepared;
    await this.restoreFrom(this.wantedOf(stage), stage);
    const found = await bestPeer(stage, dataset, measures);
    if (!found) return;
    copyWeights(found.network, stage.network);
    const epoch = this.position.best?.epoch ?? stage.training.epochs;
    const best = { epoch, metric: `val_${measures.metric}`, value: found.value };
    this.position.best = { ...best, folder: this.lastOf(stage) };
    await this.write({ stage, ...running }, index, this.position.cursor, stage.training.epochs);
    await this.recorder.update({ best }, { now: true });
    const values = `${best.metric} ${found.value.toFixed(4)}, the student ${found.student.toFixed(4)}`;
    await this.recorder.event('info', `${found.name} validates best and is exported: ${values}.`);
  }

  private async watch(running: RunningStage, index: number): Promise<Watcher> {
    const before = this.stepsBefore(index);
    const losses = await watchLosses(this.run, running.stage, this.recorder.state.warnings ?? []);
    return {
      point: async (point) => {
        await this.recorder.point(point);
        for (const warning of losses.see(point)) await this.recorder.warn(warning);
      },
      stepped: async (cursor, epoch) => {
        await this.recorder.stepped({
          stage: index,
          step: cursor.step,
          epoch,
          totalStep: before + cursor.step,
        });
        await new Promise((resume) => setImmediate(resume));
      },
      checkpoint: (cursor, epoch, measured) => this.save(running, index, cursor, epoch, measured),
      note: (message) => this.recorder.event('info', message),
      shouldStop: async () => {
        if (!stopRequested(this.run)) return false;
        await this.recorder.status('stopping');
        return true;
      },
    };
  }

  private async save(
    running: RunningStage,
    index: number,
    cursor: Cursor,
    epoch: number,
    measured: Record<string, number> | null,
  ): Promise<void> {
    const name = checkpointName(this.stepsBefore(index) + cursor.step);
    if (measured) await this.noteBest(running.stage, epoch, measured, name);
    else if ((await listCheckpoints(this.run)).includes(name)) return;
    await this.write(running, index, cursor, epoch);
  }

  private async write(running: RunningStage, index: number, cursor: Cursor, epoch: number): Promise<void> {
    const totalStep = this.stepsBefore(index) + cursor.step;
    const { best, chosen } = this.position;
    const progress = {
      stage: running.stage.name,
      stageIndex: index,
      step: cursor.step,
      totalStep,
      epoch,
      best,
      chosen,
      pending: cursor.pending,
    };
    await writeCheckpoint(this.run, progress, running.saved);
    await this.recorder.update({ checkpoint: totalStep }, { now: true });
    await pruneCheckpoints(this.run, new Set([...Object.values(chosen), ...(best ? [best.folder] : [])]));
  }

  private async noteBest(
    stage: Stage,
    epoch: number,
    measured: Record<string, number>,
    folder: string,
  ): Promise<void> {
    const { metric, rising } = this.prepared.measures;
    const value = measured[metric] ?? NaN;
    const before = this.position.best;
    if (before && (rising ? value <= before.value : value >= before.value)) return;
    this.position.best = { epoch, metric: `val_${metric}`, value, folder };
    if (stage.name === 'student')
      await this.recorder.update({ best: { epoch, metric: `val_${metric}`, value } }, { now: true });
  }

  /** Chooses the stage's weights, loads them, and writes the model for use elsewhere. */
  private async finishStage(stage: Stage): Promise<void> {
    this.position.chosen = { ...this.position.chosen, [stage.name]: this.wantedOf(stage) };
    await this.restoreChosen(stage);
    if (!stage.only) await stage.network.save(join(this.run, stage.name));
  }
}
