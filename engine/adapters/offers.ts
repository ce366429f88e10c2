import type { AdapterOffer, Candidate } from '../contract/profile';
import { isMap, regressorGeometry, type AdapterChoice } from './build';
import type { Reach } from './positions';

/** Two taps that were matched. */
export interface MatchedTaps {
  teacher: Candidate;
  student: Candidate;
}

const channels = (candidate: Candidate): number => candidate.shape.at(-1) ?? 0;

const sameSize = ({ teacher, student }: MatchedTaps): boolean =>
  teacher.shape.slice(0, -1).join() === student.shape.slice(0, -1).join();

/** Beyond this many channels a search for the best partner of each takes too long. */
const mostAssigned = 2048;

const mapAdapters = (pair: MatchedTaps): AdapterChoice[] => {
  const [same, fits] = [channels(pair.teacher) === channels(pair.student), sameSize(pair)];
  const geometry = regressorGeometry(pair.student.shape, pair.teacher.shape)?.kind;
  return [
    ...(same && fits ? (['none'] as const) : []),
    ...(same && !fits ? (['resize'] as const) : []),
    'conv1x1',
    'conv1x1-bn',
    'conv1x1-bn-relu',
    ...(fits ? (['conv3x3'] as const) : []),
    ...(geometry === 'half' ? (['conv3x3-stride2', 'convreg'] as const) : []),
    ...(geometry === 'double' ? (['conv4x4-transposed', 'convreg'] as const) : []),
    'assign',
  ];
};

/** The adapters that fit two taps, from the least to the most; `assign` last. */
export const fittingAdapters = (pair: MatchedTaps): AdapterChoice[] => {
  const widest = Math.max(channels(pair.teacher), channels(pair.student));
  const kinds: AdapterChoice[] = isMap(pair.student.shape)
    ? mapAdapters(pair)
    : [
        ...(channels(pair.teacher) === channels(pair.student) ? (['none'] as const) : []),
        'linear',
        'mlp',
        'assign',
      ];
  return pair.teacher.role === 'logits' || widest > mostAssigned
    ? kinds.filter((kind) => kind !== 'assign')
    : kinds;
};

/** Where the outputs of a linear adapter come from; null for adapters that are not linear. */
export const reachOf = (kind: AdapterChoice): Reach | null => {
  switch (kind) {
    case 'conv1x1':
    case 'conv1x1-bn':
    case 'linear':
      return 'point';
    case 'conv3x3':
      return 'around';
    case 'conv3x3-stride2':
      return 'half';
    case 'conv4x4-transposed':
      return 'double';
    default:
      return null;
  }
};

/** Trained weights of an adapter: kernels, the linear maps' offsets, two a channel of batch normalisation. */
export const adapterParameters = (kind: AdapterChoice, { teacher, student }: MatchedTaps): number => {
  const [inputs, outputs] = [channels(student), channels(teacher)];
  const kernel = (size: number): number => size * size * inputs * outputs;
  switch (kind) {
    case 'none':
    case 'resize':
    case 'assign':
      return 0;
    case 'conv1x1':
      return kernel(1);
    case 'conv1x1-bn':
    case 'conv1x1-bn-relu':
      return kernel(1) + 2 * outputs;
    case 'conv3x3':
    case 'conv3x3-stride2':
      return kernel(3);
    case 'conv4x4-transposed':
      return kernel(4);
    case 'convreg':
      return kernel(regressorGeometry(student.shape, teacher.shape)?.size ?? 1) + 2 * outputs;
    case 'linear':
      return kernel(1) + outputs;
    case 'mlp':
      return kernel(1) + outputs + outputs * outputs + outputs;
  }
};

/** What to look for first, best first: adapters that end in a ReLU give no value below zero. */
const preferences = (isRectified: boolean): AdapterChoice[] =>
  isRectified
    ? ['none', 'convreg', 'linear', 'conv1x1-bn-relu']
    : ['none', 'conv3x3-stride2', 'conv4x4-transposed', 'linear', 'conv1x1-bn'];

/**
 * The adapter to begin with: none where the shapes agree and for logits; a learned stride where the student's map is
 * twice or half the teacher's; else a 1x1 convolution. Batch normalisation brings its values to the teacher's scale
 * within a step; it ends in a ReLU where the teacher's values are never negative (`isRectified`).
 */
export const recommendedKind = (pair: MatchedTaps, isRectified: boolean): AdapterChoice => {
  const kinds = fittingAdapters(pair);
  return preferences(isRectified).find((kind) => kinds.includes(kind)) ?? 'conv1x1-bn';
};

/** All adapters that fit, their cost in weights; nothing is measured or recommended yet. */
export const offersFor = (pair: MatchedTaps): AdapterOffer[] =>
  fittingAdapters(pair).map((kind) => ({
    kind,
    parameters: adapterParameters(kind, pair),
    milliseconds: null,
    fit: null,
    recommended: false,
  }));
