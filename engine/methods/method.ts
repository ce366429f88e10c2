import type * as tf from '@tensorflow/tfjs';
import type { z } from 'zod';
import type {
  AdapterKind,
  LossOptions,
  OptimizerOptions,
  Pair,
  Task,
  TrainingChanges,
} from '../contract/recipe';
import type { MethodGuide } from '../contract/model';
import type { Batch, BatchFacts, Targets } from '../data/dataset';
import type { Network, Outputs } from '../models/network';
import type { Random } from '../random';

/** One way to distil: what it is, what it needs, and how it is prepared for one run. */
export interface Method<P extends LossOptions = LossOptions> {
  id: P['method'];
  title: string;
  /** One sentence for someone who must choose. */
  summary: string;
  /** Paper and equation. */
  source: string;
  url: string;
  guide: MethodGuide;
  tasks: readonly Task[];
  needsTeacher: boolean;
  /** `features`: pairs of feature maps, proposed where the recipe names none; `none`: it finds its taps itself. */
  pairs: 'none' | 'features';
  defaultWeight: number;
  /** Of the proposed pairs, shallowest first, those that this method takes by default; without it, all. */
  keepPairs?(proposed: readonly Pair[]): readonly Pair[];
  /** What it asks of a pair, where it matches layers: decides the adapter that `auto` becomes. */
  needs?: PairNeeds;
  /** Strict: `method`, the common keys (`lossKeys`) and its own parameters, all with defaults and descriptions. */
  options: z.ZodType<P>;
  /** Makes the modules for one run. Throws `Failed` (pairMismatch, recipeInvalid) for what cannot work. */
  prepare(setup: Setup, options: P): Prepared | Promise<Prepared>;
}

/** What a method asks of a pair before it compares the two taps. */
export interface PairNeeds {
  /** Whether both sides must have as many channels. */
  channels: 'same' | 'any';
  /** What `auto` takes for maps of different size: the method resizes them itself, or a regressor learns to. */
  sizes: 'resized' | 'regressed';
  /** What `auto` takes for every pair of maps, even where the channels agree. */
  connector?: Adapter['kind'];
}

/** What a method gets before the first step. */
export interface Setup {
  task: Task;
  /** 0 in regression. */
  classes: number;
  /** Samples in the training split: `Batch.indices` run from 0 to samples - 1. */
  samples: number;
  /** Class of each training sample; zeros where the task has none. */
  labels: Int32Array;
  /** Values, masks or boxes of the training samples, before augmentation; a batch holds them as tensors. */
  targets?: Targets;
  batchSize: number;
  epochs: number;
  stepsPerEpoch: number;
  student: Network;
  teachers: readonly Network[];
  /** The recipe's or the proposed pairs, checked against both networks. */
  pairs: readonly ResolvedPair[];
  /** Opens another copy of the student, freshly initialised from `name`: a peer of a cohort. */
  openPeer(name: string): Promise<Network>;
  /**
   * Visits `count` training samples spread evenly, as batches without augmentation, for work between steps. What
   * `visit` makes is disposed of after it, but for what it keeps with `tf.keep`.
   */
  scan(count: number, visit: (batch: Batch) => void): Promise<void>;
  random(name: string): Random;
}

export interface ResolvedPair extends Pair {
  /** Without the batch dimension. */
  teacherShape: readonly number[];
  studentShape: readonly number[];
}

/** A train-only module: trained with the student, kept in checkpoints, absent from the export. */
export interface Module {
  variables: ReadonlyMap<string, tf.Variable>;
  /** Changed without a gradient: batch-norm statistics of adapters. */
  statistics?: ReadonlyMap<string, tf.Variable>;
  apply(x: tf.Tensor, training: boolean): tf.Tensor;
}

/** A module that gives the student's tap the shape of the teacher's. */
export interface Adapter extends Module {
  kind: Exclude<AdapterKind, 'auto'>;
}

/** A method made ready for one run. Everything it trains or remembers is declared here, so it is saved and resumed. */
export interface Prepared {
  /** The published weight for these options, where it differs from the method's default. */
  weight?: number;
  /** Multiplies the recipe's weight, where that was published for another form of the loss. */
  weightScale?: number;
  /** Taps this method reads; the trainer computes no others. */
  taps: {
    student: readonly string[];
    teachers: readonly (readonly string[])[];
    /** False where it does not read the teachers' logits, so that their passes may stop before them. */
    logits?: false;
  };
  /** Trained with the student by the same optimizer and schedule. */
  variables?: ReadonlyMap<string, tf.Variable>;
  /** Not trained: memories, statistics, constants fixed at the first batch. Saved all the same. */
  memory?: ReadonlyMap<string, tf.Variable>;
  /** Further networks trained with the student (peers), by name; forward with `step.network(name)`. */
  networks?: ReadonlyMap<string, Network>;
  /** For the probe: the adapter of each pair. */
  adapters?: readonly { pair: ResolvedPair; adapter: Adapter }[];
  /** Stages to run before the student's, in order (pre-train heads, a GAN). */
  stages?: readonly MethodStage[];
  /**
   * Samples to train on beside the data's. `make` is called once, when the method's stages have ended; the run folder
   * keeps what it made, and `use` is given it before the student's stage in every process that trains on. `draw` hands
   * them to the steps.
   */
  samples?: { make(): Promise<MadeSamples>; use(made: MadeSamples): void };
  /**
   * The order in which one epoch visits the training samples, where batches must be composed: every sample once. The
   * trainer cuts it into batches.
   */
  order?(random: Random, epoch: number): Int32Array;
  /** Draws the random inputs of one step, outside the step, so that the step itself is a pure function. */
  draw?(random: Random, facts: BatchFacts): Record<string, tf.Tensor>;
  /** This method's own view of a batch: rotations, mixtures, several crops. Pure. */
  view?(batch: Batch, drawn: Readonly<Record<string, tf.Tensor>>): View;
  /** Unweighted terms, scalars, by a short name; `''` stands for the method itself. Pure. */
  losses(step: Step): Record<string, tf.Scalar>;
  /** Assigns `memory` once the losses of the step are made. Pure but for the assignment. */
  remember?(step: Step): void;
  /** Critics: trained after the student in each step, each with its own optimizer. */
  opponents?: readonly Opponent[];
  /**
   * Work that needs JavaScript values, before each epoch: assignments, nearest neighbours, filters. A run that resumes
   * within an epoch does not call it again, so its results belong in `memory`.
   */
  beforeEpoch?(epoch: number): Promise<void>;
}

/** A batch as one method sees it. */
export interface View {
  images: tf.Tensor;
  /** Where the untouched samples lie in `images`, if they do: the task loss then shares this forward pass. */
  originals?: { begin: number; size: number };
}

/** What an opponent is shown, by a name of its own. */
export type Shown = Readonly<Record<string, tf.Tensor>>;

export interface Opponent {
  name: string;
  variables: ReadonlyMap<string, tf.Variable>;
  optimizer: OptimizerOptions;
  learningRate: number;
  /** What it judges, from the passes of the student's own step: none is made twice. */
  shown(step: Step): Shown;
  /** `shown` as constants: no gradient reaches the student. */
  loss(shown: Shown, step: Pick<Step, 'batch' | 'drawn' | 'epoch'>): tf.Scalar;
}

export interface MethodStage {
  name: string;
  training: TrainingChanges;
  /** What this stage trains. */
  variables: ReadonlyMap<string, tf.Variable>;
  losses(step: Step): Record<string, tf.Scalar>;
  /** Stands in place of what the method does in the student's stage: it alone draws, views, plays and remembers. */
  own?: Pick<Prepared, 'taps' | 'draw' | 'view' | 'opponents' | 'remember'>;
  /** Whether it trains the teacher on: no other loss may have trained heads on it before. */
  changesTeacher?: boolean;
}

/** Training samples that a method made, for its own use beside those of the data. */
export interface MadeSamples {
  count: number;
  /** Sample after sample, raw values of the student's input. */
  images: Uint8Array | Float32Array;
  /** What is learnt of each, sample after sample: its class, or its standardised outputs. */
  targets: Float32Array;
}

/** One training step as a method sees it. Forward passes are made on demand and once. */
export interface Step {
  batch: Batch;
  drawn: Readonly<Record<string, tf.Tensor>>;
  /** This method's view, or the batch itself. */
  view: View;
  /** Epochs done so far, with fraction, as a scalar that is fed in. */
  epoch: tf.Scalar;
  /** In training mode. Without an argument on the plain batch. */
  student(view?: View): Outputs;
  /** In inference mode, no gradient. */
  teacher(which?: number, view?: View): Outputs;
  network(name: string, view?: View): Outputs;
}
