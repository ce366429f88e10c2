import type { LayerInfo, ModelInfo } from '../contract/model';
import { isMap, isVector } from './build';

/** Layers that add noise in training: what stands before them is matched instead. */
const isNoise = (layer: LayerInfo): boolean => /Dropout|GaussianNoise/.test(layer.kind);

const isJoin = (layer: LayerInfo): boolean => /^(Add|AddV2|Concat|Concatenate|ConcatV2)$/.test(layer.kind);

/** Layers whose output can be matched, in order of execution. */
export const tappable = (info: ModelInfo): LayerInfo[] => {
  const taps = new Set(info.taps);
  return info.layers.filter((layer) => taps.has(layer.name) && layer.kind !== 'InputLayer');
};

/**
 * The position of the layer that makes the logits: the last with parameters, and in graphs the product whose bias that
 * one adds; -1 for none.
 */
const headOf = (layers: readonly LayerInfo[]): number => {
  const isTrained = (layer: LayerInfo): boolean => layer.parameters > 0;
  const last = layers.findLastIndex(isTrained);
  if (!/^(BiasAdd|Add|AddV2)$/.test(layers[last]?.kind ?? '')) return last;
  const product = layers.slice(0, last).findLastIndex(isTrained);
  return layers[product]?.shape.join() === layers[last]?.shape.join() ? product : last;
};

/** Maps before the head, in order of execution. */
const bodyMaps = (info: ModelInfo): LayerInfo[] => {
  const head = info.layers[headOf(info.layers)];
  const layers = tappable(info);
  const end = head ? layers.indexOf(head) : -1;
  return layers.slice(0, end < 0 ? layers.length : end).filter((layer) => isMap(layer.shape));
};

const resolution = (layer: LayerInfo): string => layer.shape.slice(0, 2).join('x');

/** Stretches of maps of one size that hold a trained layer. */
const stages = (maps: readonly LayerInfo[]): LayerInfo[][] => {
  const stretches: LayerInfo[][] = [];
  let last = '';
  for (const layer of maps) {
    if (resolution(layer) !== last) stretches.push([]);
    stretches.at(-1)?.push(layer);
    last = resolution(layer);
  }
  return stretches.filter((stretch) => stretch.some((layer) => layer.parameters > 0));
};

const endOf = (stage: readonly LayerInfo[]): LayerInfo =>
  (stage.findLast((layer) => !isNoise(layer)) ?? stage.at(-1)) as LayerInfo;

/**
 * The last layer of every stretch of maps of one size that holds a trained layer, in order of execution: where a
 * network's stages end. The layer that makes the logits is no stage's.
 */
export const stageEnds = (info: ModelInfo): LayerInfo[] => stages(bodyMaps(info)).map(endOf);

/** Cuts a stage before every trained layer that begins a block: after a join, or in a plain chain after an activation. */
const blocks = (stage: readonly LayerInfo[]): LayerInfo[][] => {
  const joined = stage.some(isJoin);
  const cut: LayerInfo[][] = [[]];
  let open = false;
  for (const layer of stage) {
    const begins = layer.parameters > 0 && !/Normalization|BatchNorm|PReLU/.test(layer.kind);
    if (begins && open) {
      cut.push([]);
      open = false;
    }
    open ||= joined ? isJoin(layer) : layer.parameters > 0;
    cut.at(-1)?.push(layer);
  }
  return cut;
};

/** How many blocks a network of one stage is seen as. */
const mostBlocks = 4;

/**
 * The ends of blocks of a network whose maps all have one size, evenly by their number, the last among them; of other
 * networks, where their stages end.
 */
export const stageOrBlockEnds = (info: ModelInfo): LayerInfo[] => {
  const [only, ...more] = stages(bodyMaps(info));
  if (!only || more.length > 0) return stageEnds(info);
  const ends = blocks(only).map(endOf);
  const count = Math.min(mostBlocks, ends.length);
  return Array.from(
    { length: count },
    (_, index) => ends[Math.round(((index + 1) * ends.length) / count) - 1] as LayerInfo,
  );
};

/** The features that the classifier reads: the last tap before the last layer with parameters, dropout left out. */
export const penultimateTap = (info: ModelInfo): LayerInfo | undefined => {
  const layers = info.layers.filter((layer) => layer.kind !== 'InputLayer');
  const names = new Set(info.taps);
  return layers
    .slice(0, Math.max(headOf(layers), 0))
    .findLast(
      (layer) => names.has(layer.name) && !isNoise(layer) && (isVector(layer.shape) || isMap(layer.shape)),
    );
};

/** Of networks without maps: the end of every hidden layer, with its activation. */
export const hiddenEnds = (info: ModelInfo): LayerInfo[] => {
  const layers = tappable(info);
  const head = headOf(layers);
  const hidden = layers.slice(0, Math.max(head, 0)).filter((layer) => isVector(layer.shape));
  return hidden.some((layer) => layer.parameters > 0) ? blocks(hidden).map(endOf) : [];
};
