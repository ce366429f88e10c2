import type { Failure } from './failure';
import type { Recipe } from './recipe';

/** The run folder: one execution of a recipe. The engine writes it, everyone else only reads. */
export const runFiles = {
  recipe: 'recipe.json',
  state: 'state.json',
  metrics: 'metrics.jsonl',
  events: 'events.jsonl',
  checkpoints: 'checkpoints',
  /** Teacher outputs, while the run is being trained. */
  cache: 'cache',
  /** Training samples that methods made. */
  samples: 'samples',
  models: 'models',
  teacher: 'teacher',
  student: 'student',
  control: 'control',
  reportJson: 'report.json',
  reportHtml: 'report.html',
  log: 'log.txt',
  stop: 'stop',
} as const;

/** Where runs live below a project's root. */
export const runsFolder = '.retort/runs';

export type RunStatus = 'queued' | 'preparing' | 'training' | 'stopping' | 'done' | 'stopped' | 'failed';
export const isActive = (status: RunStatus): boolean =>
  status === 'queued' || status === 'preparing' || status === 'training' || status === 'stopping';

/** `recipe.json`: the recipe as it was resolved and frozen when the run was made. */
export interface FrozenRecipe {
  /** 1; a reader refuses a larger number. */
  version: 1;
  name: string;
  /** Absolute folder that the recipe's relative paths start from. */
  base: string;
  /** Absolute path of the recipe file. */
  source: string;
  createdAt: string;
  recipe: Recipe;
  /** SHA-256, hex, of what the run was made from; filled while preparing. */
  hashes: Record<string, string>;
  versions: Record<string, string>;
  /** Of a table, what each input of the networks is; filled while preparing. */
  inputs?: readonly InputColumn[];
  /** Of a regression, what each output is: value = output * std + mean; filled while preparing. */
  outputs?: readonly ValueColumn[];
}

/** One input of a network that reads a table: (cell - mean) / std, or 1 where the cell is the word. */
export type InputColumn = { column: string; mean: number; std: number } | { column: string; word: string };

/** A regression's output: target = standardised value * std + mean. */
export interface ValueColumn {
  name: string;
  mean: number;
  std: number;
}

/** One stage of a run: training one set of networks with one set of losses. */
export interface StageState {
  /** `teacher`, a method's own stage, `student` or `control`. */
  name: string;
  epochs: number;
  stepsPerEpoch: number;
}

/** `state.json`: replaced whole (temporary name, then rename) at most a few times a second. */
export interface RunState {
  version: 1;
  status: RunStatus;
  pid: number | null;
  backend: BackendChoice | null;
  stages: StageState[];
  /** Index into `stages`. */
  stage: number;
  /** Epoch within the stage, from 1. */
  epoch: number;
  /** Steps done within the stage. */
  step: number;
  /** Steps done and to do over all stages. */
  totalStep: number;
  totalSteps: number;
  secondsLeft: number | null;
  /** The newest value of each name, e.g. `student/val_acc`. */
  latest: Record<string, number>;
  best: { epoch: number; metric: string; value: number } | null;
  /** Total step of the newest checkpoint: what a probe reads. */
  checkpoint: number | null;
  failure: Failure | null;
  /** While preparing: how many of the pictures have been decoded. */
  decoded?: { done: number; total: number } | null;
  /** What was noticed about the losses, each once. */
  warnings?: RunWarning[];
  startedAt: string;
  updatedAt: string;
}

export interface BackendChoice {
  name: 'tensorflow' | 'wasm' | 'cpu';
  /** E.g. `TensorFlow 2.21.0, CPU` */
  description: string;
  /** Each better backend that was not chosen, with the reason in a sentence. */
  passedOver: { name: string; reason: string }[];
}

/** One line of `metrics.jsonl`. Names follow tfjs-layers and Keras: loss, loss/kd, acc, val_acc, lr. */
export interface MetricPoint {
  stage: string;
  /** Steps done in this stage when the point was taken. */
  step: number;
  /** From 1. */
  epoch: number;
  split: 'train' | 'validation' | 'test';
  values: Record<string, number>;
}

/** What a loss does that its user may not want. */
export interface RunWarning {
  stage: string;
  /** Its label in the metrics: `loss/<label>`. */
  loss: string;
  kind: 'zero' | 'idle' | 'drowning' | 'rising' | 'exploding';
  message: string;
  next: string;
}

/** One line of `events.jsonl`. */
export interface RunEvent {
  at: string;
  kind: 'info' | 'warning' | 'failure';
  message: string;
}

/** How good, how large, how fast: one row of the table. */
export interface ModelFigures {
  name: string;
  parameters: number;
  /** Multiply-accumulates for one sample. */
  macs: number;
  /** Bytes of the weights as float32. */
  bytes: number;
  /** Milliseconds for one sample: median and half the spread (p90 - p10) after warm-up. */
  latency: { median: number; spread: number };
  /** Metrics on the test split (validation where there is none), e.g. { acc: 0.91, loss: 0.3 }. */
  metrics: Record<string, number>;
}

/** `report.json`, and what `retort run --json` prints. */
export interface RunReport {
  run: string;
  name: string;
  status: RunStatus;
  task: Recipe['task'];
  /** Which split `metrics` were measured on. */
  split: 'test' | 'validation';
  /** How many samples that split has. */
  samples?: number;
  teacher: ModelFigures | null;
  student: ModelFigures;
  control: ModelFigures | null;
  /** By how much the distilled student's main metric is better than the control's, below 0 where it is worse; null without one. */
  gain: number | null;
  metrics: { best: { epoch: number; value: number; metric: string } | null; last: Record<string, number> };
  /** The matched layers, proposed ones included, with the adapters that were built. */
  pairs?: { method: string; teacher: string; student: string; adapter: string }[];
  warnings?: RunWarning[];
  backend: BackendChoice;
  seconds: number;
  hashes: Record<string, string>;
  versions: Record<string, string>;
}
