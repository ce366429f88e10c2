import { Failed } from '../contract/failure';
import type { Adapter, Module, PairNeeds, ResolvedPair } from '../methods/method';
import type { Random } from '../random';
import {
  batchNorm,
  conv,
  linear,
  pickChannels,
  relu,
  resizeMap,
  sequence,
  type ConvGeometry,
} from './modules';

export type AdapterChoice = Adapter['kind'];
type Shape = readonly number[];

const written = (shape: Shape): string => shape.join('x');

/** `teacher layer X (8x8x64) and student layer Y (16x16x16)` */
export const describePair = (pair: ResolvedPair): string =>
  `teacher layer "${pair.teacher}" (${written(pair.teacherShape)}) and student layer "${pair.student}" ` +
  `(${written(pair.studentShape)})`;

/** The failure for two layers that cannot be compared. */
export const mismatch = (pair: ResolvedPair, why: string, next: string): Failed =>
  new Failed('pairMismatch', `The ${describePair(pair)} cannot be matched: ${why}.`, next);

export const isMap = (shape: Shape): shape is readonly [number, number, number] => shape.length === 3;
export const isVector = (shape: Shape): shape is readonly [number] => shape.length === 1;
const channels = (shape: Shape): number => shape[shape.length - 1] as number;

/**
 * How ConvReg brings a map from the student's size to the teacher's, or null where it cannot: 1x1 for the same size, 3x3 with stride 2 for
 * twice the size, transposed 4x4 with stride 2 for half of it, else a valid convolution that trims what is too much.
 */
export const regressorGeometry = (student: Shape, teacher: Shape): ConvGeometry | null => {
  if (!isMap(student) || !isMap(teacher)) {
    return null;
  }
  const [[height, width], [toHeight, toWidth]] = [student, teacher];
  if (height === 2 * toHeight && width === 2 * toWidth) {
    return { size: 3, kind: 'half' };
  }
  if (toHeight === 2 * height && toWidth === 2 * width) {
    return { size: 4, kind: 'double' };
  }
  const trimmed = height - toHeight;
  return trimmed >= 0 && trimmed === width - toWidth ? { size: 1 + trimmed, kind: 'valid' } : null;
};

const automatic = (pair: ResolvedPair, needs: PairNeeds): AdapterChoice => {
  const { studentShape, teacherShape } = pair;
  if (needs.channels === 'any') {
    return 'none';
  }
  if (needs.connector && isMap(studentShape)) {
    return needs.connector;
  }
  if (written(studentShape) === written(teacherShape)) {
    return 'none';
  }
  if (needs.sizes === 'regressed' && regressorGeometry(studentShape, teacherShape)) {
    return 'convreg';
  }
  if (channels(studentShape) === channels(teacherShape)) {
    return 'none';
  }
  return isVector(studentShape) ? 'linear' : 'conv1x1';
};

const wantsMaps = (kind: AdapterChoice): boolean => kind.startsWith('conv') || kind === 'resize';
const wantsVectors = (kind: AdapterChoice): boolean => kind === 'linear' || kind === 'mlp';

/** Whether a convolution of this kind gives the teacher's size. */
const reachesSize = (kind: AdapterChoice, student: Shape, teacher: Shape): boolean => {
  const geometry = regressorGeometry(student, teacher);
  if (kind === 'conv3x3-stride2') return geometry?.kind === 'half';
  if (kind === 'conv4x4-transposed') return geometry?.kind === 'double';
  return kind !== 'convreg' || geometry !== null;
};

const sizeReasons: Partial<Record<AdapterChoice, string>> = {
  'conv3x3-stride2': 'a conv3x3-stride2 adapter halves a map, and that does not give the teacher’s size',
  'conv4x4-transposed':
    'a conv4x4-transposed adapter doubles a map, and that does not give the teacher’s size',
  convreg: 'a convreg adapter halves, doubles or trims a map, and none of these gives the teacher’s size',
};

const checkChannels = (kind: AdapterChoice, pair: ResolvedPair, needs: PairNeeds): void => {
  const [inputs, outputs] = [channels(pair.studentShape), channels(pair.teacherShape)];
  if ((kind === 'none' || kind === 'resize') && needs.channels === 'same' && inputs !== outputs) {
    const why = kind === 'none' ? 'the pair has no adapter' : 'resizing keeps them';
    throw mismatch(pair, `their channels differ and ${why}`, 'Set its adapter to "auto".');
  }
  if (kind !== 'assign') return;
  const picks = pair.channels ?? [];
  if (picks.length === outputs && picks.every((channel) => channel < inputs)) return;
  throw mismatch(
    pair,
    `an assign adapter needs "channels": ${outputs} numbers below ${inputs}, and the pair has ${picks.length}`,
    'Copy them from what `retort propose TEACHER STUDENT --data RECIPE --json` prints.',
  );
};

/** Throws `Failed` (pairMismatch) where this kind cannot serve this pair. */
const checkKind = (kind: AdapterChoice, pair: ResolvedPair, needs: PairNeeds): void => {
  const { studentShape, teacherShape } = pair;
  if (wantsVectors(kind) && !isVector(studentShape)) {
    throw mismatch(pair, `a ${kind} adapter takes vectors`, 'Set its adapter to "auto" or "conv1x1".');
  }
  if (wantsMaps(kind) && !(isMap(studentShape) && isMap(teacherShape))) {
    throw mismatch(pair, `a ${kind} adapter takes feature maps`, 'Set its adapter to "auto" or "linear".');
  }
  if (!reachesSize(kind, studentShape, teacherShape)) {
    throw mismatch(
      pair,
      sizeReasons[kind] ?? 'their sizes differ',
      'Set its adapter to "conv1x1", which is followed by bilinear resizing.',
    );
  }
  checkChannels(kind, pair, needs);
};

/** The adapter of a pair: what the recipe names, checked, or for `auto` the least that makes the pair comparable. */
export const chooseAdapter = (pair: ResolvedPair, needs: PairNeeds): AdapterChoice => {
  if (needs.channels === 'same' && pair.studentShape.length !== pair.teacherShape.length) {
    throw mismatch(pair, 'one is a feature map and the other is not', 'Choose two layers of one kind.');
  }
  const kind = pair.adapter === 'auto' ? automatic(pair, needs) : pair.adapter;
  checkKind(kind, pair, needs);
  return kind;
};

/** What a module is built for. */
interface Site {
  student: Shape;
  teacher: Shape;
  /** Of `assign`. */
  channels: readonly number[];
}

const buildModule = (kind: AdapterChoice, site: Site, random: Random, name: string): Module => {
  const [inputs, outputs] = [channels(site.student), channels(site.teacher)];
  const convolution = (size: number, kind: ConvGeometry['kind'] = 'same'): Module =>
    conv(inputs, outputs, { size, kind }, random, name);
  switch (kind) {
    case 'none':
      return sequence();
    case 'resize':
      return resizeMap(site.teacher[0] as number, site.teacher[1] as number);
    case 'assign':
      return pickChannels(site.channels, inputs);
    case 'linear':
      return linear(inputs, outputs, random, name);
    case 'mlp':
      return sequence(
        linear(inputs, outputs, random, `${name}/1`),
        relu,
        linear(outputs, outputs, random, `${name}/2`),
      );
    case 'conv1x1':
      return convolution(1);
    case 'conv3x3':
      return convolution(3);
    case 'conv3x3-stride2':
      return convolution(3, 'half');
    case 'conv4x4-transposed':
      return convolution(4, 'double');
    case 'conv1x1-bn':
      return sequence(convolution(1), batchNorm(outputs, name));
    case 'conv1x1-bn-relu':
      return sequence(convolution(1), batchNorm(outputs, name), relu);
    case 'convreg': {
      const geometry = regressorGeometry(site.student, site.teacher) ?? { size: 1, kind: 'same' };
      return sequence(conv(inputs, outputs, geometry, random, name), batchNorm(outputs, name), relu);
    }
  }
};

/**
 * Makes the train-only module that gives the student's tap the teacher's channels; `resize`, the strided and the
 * transposed convolutions and `convreg` also give its size. Shapes are without the batch dimension: [H, W, C] or [C].
 * Convolutions have no bias and start from He's normal distribution (fan-out). Variables are keyed below `name`;
 * `picked` are the channels of `assign`.
 */
export const buildAdapter = (
  kind: AdapterChoice,
  studentShape: Shape,
  teacherShape: Shape,
  random: Random,
  name: string,
  picked: readonly number[] = [],
): Adapter => ({
  kind,
  ...buildModule(kind, { student: studentShape, teacher: teacherShape, channels: picked }, random, name),
});
