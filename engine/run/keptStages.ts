import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { runFiles, type MetricPoint } from '../contract/run';
import { newestWhole, writeCheckpoint, type Checkpoint, type Progress } from '../training/checkpoint';
import { stageVariables, type Stage } from '../training/stage';
import { writeWhole } from '../wholeFile';
import { readMetrics } from './folder';
import type { PreparedRun } from './prepare';

/** What a stage trained, and its points, kept for runs that would train the same. */
export interface KeptStage {
  checkpoint: Checkpoint;
  points: MetricPoint[];
}

/** Beside the runs, hidden from their list. */
const folderOf = (run: string, key: string): string => join(dirname(run), '.stages', key);

/** The teacher's and the methods' own stages: the student's and the control's are what a run is about. */
export const isKept = (stage: Stage): boolean =>
  stage.only !== undefined || /^teacher(-\d+)?$/.test(stage.name);

/** Everything that the outcome of one stage depends on beside the stages before it. */
const ingredients = ({ frozen, backend }: PreparedRun, stage: Stage): unknown => {
  const { recipe, hashes, versions } = frozen;
  const [term] = stage.terms;
  const position = Number(term?.group.split('-')[0] ?? 0);
  return {
    version: versions['retort'],
    stage: stage.name,
    group: term?.group,
    loss: stage.only ? recipe.losses[position] : null,
    training: { ...stage.training, logEvery: 0, checkpointEvery: 0, sharesEvery: 0 },
    task: recipe.task,
    data: recipe.data,
    inputs: [recipe.student.input, (recipe.teacher ?? []).map(({ input }) => input)],
    seed: recipe.seed,
    keep: recipe.keep,
    backend: backend.name,
    hashes,
  };
};

/** Names of stages' outcomes: equal where everything is equal that they depend on. One for each stage, in order. */
export const stageKeys = (prepared: PreparedRun): string[] => {
  let before = '';
  return prepared.stages.map((stage) => {
    if (!isKept(stage)) return '';
    const text = JSON.stringify([before, ingredients(prepared, stage)]);
    before = createHash('sha256').update(text).digest('hex').slice(0, 32);
    return before;
  });
};

/** What the stage trains and remembers: of its network, or of its method alone. */
export const ownVariables = (stage: Stage): Map<string, tf.Variable> => {
  const group = stage.only ? `${stage.terms[0]?.group}/` : `${stage.group}/`;
  return new Map([...stageVariables(stage)].filter(([name]) => name.startsWith(group)));
};

/** Null where no run has trained this stage, or what it kept is damaged. */
export const readKeptStage = async (run: string, key: string, stage: Stage): Promise<KeptStage | null> => {
  const folder = folderOf(run, key);
  if (!existsSync(folder)) return null;
  const checkpoint = await newestWhole(folder, () => undefined);
  const isWhole = [...ownVariables(stage).keys()].every((name) => checkpoint?.variables.has(name));
  return checkpoint && isWhole ? { checkpoint, points: await readMetrics(folder) } : null;
};

/** Keeps a stage whose chosen weights are loaded. What is there is whole once its checkpoint is. */
export const keepStage = async (
  run: string,
  key: string,
  stage: Stage,
  progress: Progress,
): Promise<void> => {
  const folder = folderOf(run, key);
  await mkdir(folder, { recursive: true });
  const points = (await readMetrics(run)).filter((point) => point.stage === stage.name);
  await writeWhole(
    join(folder, runFiles.metrics),
    points.map((point) => `${JSON.stringify(point)}\n`).join(''),
  );
  await writeCheckpoint(folder, progress, ownVariables(stage));
};
