import type { MethodInfo, ModelInfo } from './model';
import type { AdapterKind, Pair } from './recipe';
import type { BackendChoice } from './run';

/** Milliseconds: the median of warm passes, and half of what lies between their 10th and 90th percentile. */
export interface Latency {
  median: number;
  spread: number;
}

/** What one layer costs; every figure is for one sample. */
export interface LayerProfile {
  name: string;
  /** The layer's class, e.g. `Conv2D`. */
  kind: string;
  /** Without the batch dimension: [height, width, channels], or [features]. */
  shape: number[];
  parameters: number;
  macs: number;
  /** Bytes of its output as float32. */
  activationBytes: number;
  /** Null where the layer cannot be run by itself. */
  latency: Latency | null;
  /** Of the sum of all layers' medians, from 0 to 1. */
  share: number | null;
  /** Side, in pixels of the input, of what one value of the output depends on; null for values that see everything. */
  receptiveField: number | null;
}

/** A network's costs, layer by layer and as a whole. */
export interface ModelProfile {
  model: ModelInfo;
  layers: LayerProfile[];
  /** Of the whole network. */
  latency: Latency;
  /** Bytes of the weights in a file, by the type they are stored in. */
  sizes: { float32: number; float16: number; int8: number };
  /** Bytes of the activations that are alive at once, at the worst moment of a forward pass of one sample. */
  peakActivationBytes: number;
  backend: BackendChoice;
}

/** A student's cost beside its teacher's. */
export interface ProfileComparison {
  teacher: ModelProfile | null;
  student: ModelProfile;
  /** The student's share of the teacher, from 0 to 1; null without a teacher. */
  ratios: { parameters: number; macs: number; latency: number; bytes: number; peak: number } | null;
  /** What limits the student, worst first: the layer to cut next. */
  limits: { layer: string; sentence: string }[];
}

/** A tap at which a network may be matched. */
export interface Candidate {
  tap: string;
  shape: number[];
  /** From 0 (input) to 1 (output), by the multiply-accumulates done. */
  depth: number;
  role: 'stage' | 'features' | 'logits';
}

/** One adapter that fits a pair. */
export interface AdapterOffer {
  kind: Exclude<AdapterKind, 'auto'>;
  parameters: number;
  /** Added to a training step, forward and backward. */
  milliseconds: number | null;
  /** R² of the best linear fit of the student's tap to the teacher's on held-back probe samples; null where none is linear. */
  fit: number | null;
  recommended: boolean;
  /** Of `assign`: for each of the teacher's channels, the student's that stands for it. */
  channels?: number[];
}

/** A pair that was proposed, with all that speaks for it. */
export interface ProposedPair extends Pair {
  teacherShape: number[];
  studentShape: number[];
  /** Linear CKA (minibatch form) of the two taps, from 0 to 1; null where it was not measured. */
  similarity: number | null;
  adapters: AdapterOffer[];
  /** Why this pair and this adapter, in a sentence. */
  reason: string;
}

/** A method as it suits one teacher and student. */
export interface MethodOffer {
  method: MethodInfo['id'];
  suits: boolean;
  /** Why it suits or does not, or what is known to go wrong between such networks. */
  reason: string;
  warning: string | null;
}

/** What a method that matches layers does with proposed pairs unless it is told otherwise. */
export interface MethodPairs {
  /** Positions of the pairs that it takes. */
  places: number[];
  /** Whether a pair's adapter is its business: others compare taps of any width, or bring connectors of their own. */
  adapts: boolean;
}

/** What could be matched between a teacher and a student, and what is recommended. */
export interface Proposal {
  teacher: ModelInfo;
  student: ModelInfo;
  candidates: { teacher: Candidate[]; student: Candidate[] };
  /** Linear CKA of each teacher candidate (row) with each student candidate (column). */
  similarity: (number | null)[][];
  /** The best monotone matching of what a feature loss can take, shallowest first: maps with maps, or vectors. */
  pairs: ProposedPair[];
  /** What goes together by its place: the features before the head, and the logits. Methods that read these find them. */
  heads: ProposedPair[];
  methods: MethodOffer[];
  /** What a run of these two would stumble over, a sentence each. */
  warnings: string[];
  /** What the similarities were measured on. */
  probe: { samples: number; source: 'data' | 'noise' };
}
