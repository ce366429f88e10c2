import type { ModelInfo } from '../../engine/contract/model';
import type { ModelProfile } from '../../engine/contract/profile';

export type NetworkName = 'teacher' | 'student';
export const networkNames = ['teacher', 'student'] as const;
export const otherNetwork = (network: NetworkName): NetworkName =>
  network === 'teacher' ? 'student' : 'teacher';

/** What one layer costs; measured figures are null until they have come. */
export interface LayerCost {
  name: string;
  kind: string;
  /** Without the batch dimension. */
  shape: readonly number[];
  parameters: number;
  macs: number;
  /** Bytes of its output as float32. */
  activation: number;
  /** Milliseconds. */
  latency: number | null;
  spread: number | null;
  receptiveField: number | null;
  isTap: boolean;
  /** The file and line (from 1) that make it; null where no line of the user's code does. */
  code: string | null;
}

/** One line of a network's column: a layer, or a layer with what is folded into it. */
export interface LayerRow {
  /** In order of execution; the first gives the row its name and kind, the last its shape. */
  layers: readonly [LayerCost, ...LayerCost[]];
}

const bytesPerValue = 4;

const activationBytes = (shape: readonly number[]): number =>
  shape.reduce((size, length) => size * length, bytesPerValue);

/** Every layer of a network with what is known of its costs, and the logits where they are no layer's output. */
export const layerCosts = (model: ModelInfo, profile: ModelProfile | null): LayerCost[] => {
  const measured = new Map(profile?.layers.map((layer) => [layer.name, layer]));
  const taps = new Set(model.taps);
  return model.layers.map(({ name, kind, shape, parameters, macs, location }) => {
    const known = measured.get(name);
    return {
      name,
      kind,
      shape,
      parameters,
      macs,
      activation: known?.activationBytes ?? activationBytes(shape),
      latency: known?.latency?.median ?? null,
      spread: known?.latency?.spread ?? null,
      receptiveField: known?.receptiveField ?? null,
      isTap: taps.has(name),
      code: location ? `${location.file}:${location.line + 1}` : null,
    };
  });
};

/** Kinds of every framework that only shape what the layer before them puts out. */
const follower =
  /norm|relu|elu$|gelu|selu|swish|silu|sigmoid|tanh|softmax|softplus|activation|dropout|biasadd|clip|identity/i;
/** Weighted kinds whose name says otherwise. */
const leader = /conv|dense|matmul|gemm|pool|lstm|gru|attention/i;

const isFollower = (layer: LayerCost, before: LayerCost): boolean =>
  layer.macs === 0 &&
  follower.test(layer.kind) &&
  !leader.test(layer.kind) &&
  layer.shape.join() === before.shape.join() &&
  !/input|placeholder/i.test(before.kind);

/** One row a layer; or, folded, one row for a layer with the normalisations and activations that follow it. */
export const layerRows = (layers: readonly LayerCost[], isFolded: boolean): LayerRow[] => {
  const rows: [LayerCost, ...LayerCost[]][] = [];
  for (const layer of layers) {
    const last = rows.at(-1);
    if (isFolded && last && isFollower(layer, last.at(-1) ?? last[0])) last.push(layer);
    else rows.push([layer]);
  }
  return rows.map((row) => ({ layers: row }));
};

/** The names of a row's layers; none for a gap. */
export const namesOf = (row: LayerRow | null): readonly string[] => row?.layers.map(({ name }) => name) ?? [];

export const shapeOf = (row: LayerRow): readonly number[] => (row.layers.at(-1) ?? row.layers[0]).shape;

/** The layer of a row that a pair would take: the last one that can be tapped; null where none can. */
export const tapOf = (row: LayerRow): LayerCost | null => row.layers.findLast((layer) => layer.isTap) ?? null;

/** “8 × 8 × 128”; a vector's length alone. */
export const shapeWords = (shape: readonly number[]): string => (shape.length > 0 ? shape.join(' × ') : '1');
