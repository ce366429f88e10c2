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
import { LossWatch } from '../training/lossWatch';
import {
  restoreVariables,
  stageVariables,
  startStage,
  type RunningStage,
  type Stage,
} from '../training/stage';
import { trainStage, type Cursor, type Watcher } from '../training/train';
import { readMetrics, rewindMetrics, stopRequested } from './folder';
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

const stepsOf = (stage: Stage): number => stage.training.epochs * stage.stepsPerEpoch;
const describeStage = (stage: Stage): StageState => ({
  name: stage.name,
  epochs: stage.training.epochs,
  stepsPerEpoch: stage.stepsPerEpoch,
});

/** Executes a prepared run stage by stage. */
export class Execution {
  private position = beginningOf(0, {});

  constructor(
    private readonly run: string,
    private readonly prepared: PreparedRun,
    private readonly recorder: Recorder,
  ) {}

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
    if (name === undefined) return;
    const { variables } = await readCheckpoint(join(this.run, runFiles.checkpoints, name));
    restoreVariables(stageVariables(stage), variables, () => undefined);
  }

  /** Gives false if the run was asked to stop. */
  async train(): Promise<boolean> {
    const totalSteps = this.stepsBefore(this.stages.length);
    await this.recorder.status('training', { stages: this.stages.map(describeStage), totalSteps });
    for (let index = this.position.stageIndex; index < this.stages.length; index++) {
      const stage = this.stages[index] as Stage;
      if (index > this.position.stageIndex) this.position = beginningOf(index, this.position.chosen);
      if (!(await this.trainOne(stage, index))) return false;
      await this.finishStage(stage);
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
      return await trainStage(running, options, this.position.cursor, await this.watch(running, index));
    } finally {
      running.dispose();
    }
  }

  /** The control's losses are the student's: what is wrong with them is told there. */
  private async watchLosses(stage: Stage): Promise<LossWatch> {
    const weighted = stage.name === 'control' ? [] : stage.terms.filter(({ weight }) => weight > 0);
    const losses = weighted.map(({ label, prepared }) => ({
      label,
      isContested: (prepared.opponents ?? []).length > 0,
    }));
    const watch = new LossWatch(
      { name: stage.name, steps: stepsOf(stage), losses },
      this.recorder.state.warnings ?? [],
    );
    for (const point of await readMetrics(this.run)) watch.see(point);
    return watch;
  }

  private async watch(running: RunningStage, index: number): Promise<Watcher> {
    const before = this.stepsBefore(index);
    const losses = await this.watchLosses(running.stage);
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
    const totalStep = this.stepsBefore(index) + cursor.step;
    const name = checkpointName(totalStep);
    if (measured) await this.noteBest(running.stage, epoch, measured, name);
    else if ((await listCheckpoints(this.run)).includes(name)) return;
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
    const last = checkpointName(this.stepsBefore(this.position.stageIndex) + stepsOf(stage));
    const wanted = this.prepared.frozen.recipe.keep === 'best' ? (this.position.best?.folder ?? last) : last;
    this.position.chosen = { ...this.position.chosen, [stage.name]: wanted };
    await this.restoreChosen(stage);
    if (!stage.only) await stage.network.save(join(this.run, stage.name));
  }
}
