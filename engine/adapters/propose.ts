import type { LayerInfo, ModelInfo } from '../contract/model';
import type { Pair } from '../contract/recipe';
import type { PairNeeds } from '../methods/method';
import { tapShape } from '../models/network';
import { chooseAdapter, isMap, isVector } from './build';

/** What choosing pairs needs to know of a method. */
export interface PairsMethod {
  id: string;
  pairs: 'none' | 'features';
  /** Of all proposed pairs, shallowest first, those that this method takes by default. */
  keepPairs?(proposed: readonly Pair[]): readonly Pair[];
  needs?: PairNeeds;
}

const tappable = (info: ModelInfo): LayerInfo[] =>
  info.layers.filter((layer) => info.taps.includes(layer.name) && layer.kind !== 'InputLayer');

const resolution = (layer: LayerInfo): string => layer.shape.slice(0, 2).join('x');

/**
 * The last layer of every stretch of maps of one size that holds a trained layer, in order of execution: where a
 * network's stages end.
 */
export const stageEnds = (info: ModelInfo): LayerInfo[] => {
  const ends: LayerInfo[] = [];
  let trained = false;
  const maps = tappable(info).filter((layer) => isMap(layer.shape));
  maps.forEach((layer, index) => {
    const next = maps[index + 1];
    trained ||= layer.parameters > 0;
    if (!next || resolution(next) !== resolution(layer)) {
      if (trained) {
        ends.push(layer);
      }
      trained = false;
    }
  });
  return ends;
};

/** The features that the classifier reads: the last tap before the last layer with parameters, dropout left out. */
export const penultimateTap = (info: ModelInfo): LayerInfo | undefined => {
  const layers = info.layers.filter((layer) => layer.kind !== 'InputLayer');
  const head = layers.findLastIndex((layer) => layer.parameters > 0);
  const names = new Set(info.taps);
  return layers
    .slice(0, Math.max(head, 0))
    .findLast(
      (layer) =>
        names.has(layer.name) && layer.kind !== 'Dropout' && (isVector(layer.shape) || isMap(layer.shape)),
    );
};

const pairOf = (teacher: string, student: string): Pair => ({ teacher, student, adapter: 'auto' });

/** Walks both lists of stages from the deepest and pairs equal sizes; the order of execution is kept. */
const pairBySize = (teachers: readonly LayerInfo[], students: readonly LayerInfo[]): Pair[] => {
  const pairs: Pair[] = [];
  let below = teachers.length;
  for (const student of [...students].reverse()) {
    const match = teachers.findLastIndex(
      (teacher, index) => index < below && resolution(teacher) === resolution(student),
    );
    if (match >= 0) {
      pairs.unshift(pairOf((teachers[match] as LayerInfo).name, student.name));
      below = match;
    }
  }
  return pairs;
};

/**
 * Which layers to match, shallowest first: the ends of stages with maps of equal size, paired from the deepest; without
 * any, the last stage of each; for networks without maps the features before the classifier, else the logits.
 */
export const proposePairs = (teacher: ModelInfo, student: ModelInfo): Pair[] => {
  const [teachers, students] = [stageEnds(teacher), stageEnds(student)];
  const pairs = pairBySize(teachers, students);
  if (pairs.length > 0) {
    return pairs;
  }
  const [lastTeacher, lastStudent] = [teachers.at(-1), students.at(-1)];
  if (lastTeacher && lastStudent) {
    return [pairOf(lastTeacher.name, lastStudent.name)];
  }
  const [features, ownFeatures] = [penultimateTap(teacher), penultimateTap(student)];
  return features && ownFeatures && features.shape.length === ownFeatures.shape.length
    ? [pairOf(features.name, ownFeatures.name)]
    : [pairOf('logits', 'logits')];
};

/** The same pair with the adapter that it would get, where both layers can be compared. */
const withAdapter = (pair: Pair, teacher: ModelInfo, student: ModelInfo, needs: PairNeeds): Pair => {
  const [teacherShape, studentShape] = [tapShape(teacher, pair.teacher), tapShape(student, pair.student)];
  return teacherShape && studentShape
    ? { ...pair, adapter: chooseAdapter({ ...pair, teacherShape, studentShape }, needs) }
    : pair;
};

/**
 * What one method takes of the proposed pairs, each with its adapter; none for a method that matches no layers.
 * Throws `Failed` (pairMismatch) where the proposed layers cannot be compared.
 */
export const proposeFor = (method: PairsMethod, teacher: ModelInfo, student: ModelInfo): Pair[] => {
  if (method.pairs === 'none') {
    return [];
  }
  const proposed = proposePairs(teacher, student);
  const kept = method.keepPairs?.(proposed) ?? proposed;
  const { needs } = method;
  return kept.map((pair) => (needs ? withAdapter(pair, teacher, student, needs) : pair));
};
