import { Failed } from '../contract/failure';
import type { Adapter, Module, PairNeeds, ResolvedPair } from '../methods/method';
import type { Random } from '../random';
import { batchNorm, conv, linear, relu, sequence, type ConvGeometry } from './modules';

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
 * How ConvReg brings a map from the student's size to the teacher's, or null where it cannot: 3x3 with stride 2 for
 * twice the size, transposed 4x4 with stride 2 for half of it, else a valid convolution that trims what is too much.
 */
const regressorGeometry = (student: Shape, teacher: Shape): ConvGeometry | null => {
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
  const sameSize = written(studentShape.slice(0, -1)) === written(teacherShape.slice(0, -1));
  if (!sameSize && needs.sizes === 'regressed' && regressorGeometry(studentShape, teacherShape)) {
    return 'convreg';
  }
  if (channels(studentShape) === channels(teacherShape)) {
    return 'none';
  }
  return isVector(studentShape) ? 'linear' : 'conv1x1';
};

/** Throws `Failed` (pairMismatch) where this kind cannot serve this pair. */
const checkKind = (kind: AdapterChoice, pair: ResolvedPair, needs: PairNeeds): void => {
  const { studentShape, teacherShape } = pair;
  if (kind === 'none' && needs.channels === 'same' && channels(studentShape) !== channels(teacherShape)) {
    throw mismatch(pair, 'their channels differ and the pair has no adapter', 'Set its adapter to "auto".');
  }
  if (kind === 'linear' && !isVector(studentShape)) {
    throw mismatch(pair, 'a linear adapter takes vectors', 'Set its adapter to "auto" or "conv1x1".');
  }
  if (kind.startsWith('conv') && !isMap(studentShape)) {
    throw mismatch(pair, `a ${kind} adapter takes feature maps`, 'Set its adapter to "auto" or "linear".');
  }
  if (kind === 'convreg' && !regressorGeometry(studentShape, teacherShape)) {
    throw mismatch(
      pair,
      'a convreg adapter halves, doubles or trims a map, and none of these gives the teacher’s size',
      'Set its adapter to "conv1x1", which is followed by bilinear resizing.',
    );
  }
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

const buildModule = (
  kind: AdapterChoice,
  studentShape: Shape,
  teacherShape: Shape,
  random: Random,
  name: string,
): Module => {
  const [inputs, outputs] = [channels(studentShape), channels(teacherShape)];
  const convolution = (size: number): Module => conv(inputs, outputs, { size, kind: 'same' }, random, name);
  switch (kind) {
    case 'none':
      return sequence();
    case 'linear':
      return linear(inputs, outputs, random, name);
    case 'conv1x1':
      return convolution(1);
    case 'conv3x3':
      return convolution(3);
    case 'conv1x1-bn':
      return sequence(convolution(1), batchNorm(outputs, name));
    case 'conv1x1-bn-relu':
      return sequence(convolution(1), batchNorm(outputs, name), relu);
    case 'convreg': {
      const geometry = regressorGeometry(studentShape, teacherShape) ?? { size: 1, kind: 'same' };
      return sequence(conv(inputs, outputs, geometry, random, name), batchNorm(outputs, name), relu);
    }
  }
};

/**
 * Makes the train-only module that gives the student's tap the teacher's channels; `convreg` also gives its size.
 * Shapes are without the batch dimension: [H, W, C] or [C]. Convolutions have no bias and start from He's normal
 * distribution (fan-out). Variables are keyed below `name`.
 */
export const buildAdapter = (
  kind: AdapterChoice,
  studentShape: Shape,
  teacherShape: Shape,
  random: Random,
  name: string,
): Adapter => ({ kind, ...buildModule(kind, studentShape, teacherShape, random, name) });
