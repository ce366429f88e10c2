import { basename } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { CodeLocation, LayerInfo, ModelInfo, OpeningReport } from '../contract/model';
import { layerMacs } from '../profile/macs';
import { fixedShape, layerUses, type LayerUse } from './graph';
import { isSoftmax, withoutSoftmax } from './softmax';

/** Where a model comes from. */
export interface Origin {
  reference: string;
  format: ModelInfo['format'];
  locations: ReadonlyMap<object, CodeLocation>;
  opening?: OpeningReport;
}

/** A model's description, with the symbolic tensors behind its taps. */
export interface Described {
  info: ModelInfo;
  inputs: tf.SymbolicTensor[];
  /** By tap name, `logits` among them. */
  taps: ReadonlyMap<string, tf.SymbolicTensor>;
}

/** Stands for a length that the model leaves open. */
const openLength = -1;

const noShape = (reference: string): Failed =>
  new Failed(
    'modelInvalid',
    `The model of ${reference} has no input shape yet.`,
    'Give the first layer an inputShape, so that the layers can be built.',
  );

/** A model ready to be described, or why it is not. */
const checkInputs = (model: tf.LayersModel, reference: string): number[] => {
  if (!model.inputs?.length || !model.outputs?.length) throw noShape(reference);
  const [input, ...more] = model.inputs;
  if (!input) throw noShape(reference);
  if (more.length > 0)
    throw new Failed(
      'modelUnsupported',
      `The model of ${reference} has ${model.inputs.length} inputs; Retort distils models with one.`,
      'Use a model with a single input.',
    );
  const shape = fixedShape(input.shape);
  if (shape) return shape;
  throw new Failed(
    'modelUnsupported',
    `The model of ${reference} leaves lengths of its input open: [${input.shape
      .slice(1)
      .map((length) => length ?? '?')
      .join(', ')}].`,
    'Give the input its full shape, e.g. [32, 32, 3].',
  );
};

/**
 * Of the outputs that are vectors the last softmax, else the last; models that put out every layer end with the
 * prediction.
 */
const predictionOf = (model: tf.LayersModel): tf.SymbolicTensor => {
  const vectors = model.outputs.filter((output) => output.shape.length === 2);
  const softmax = vectors.findLast(({ sourceLayer }) => isSoftmax(sourceLayer));
  return (softmax ?? vectors.at(-1) ?? model.outputs.at(-1)) as tf.SymbolicTensor;
};

const layerInfo = (
  { layer, nodes }: LayerUse,
  location: CodeLocation | undefined,
  macs: number,
): LayerInfo => ({
  name: layer.name,
  kind: layer.getClassName(),
  shape: nodes[0]?.outputTensors[0]?.shape.slice(1).map((length) => length ?? openLength) ?? [],
  parameters: layer.countParams(),
  macs,
  ...(location ? { location } : {}),
});

/** tfjs lets a kernel be larger than its map and goes on with lengths below one. */
const refuseEmptyMaps = (uses: readonly LayerUse[], { reference, locations }: Origin): void => {
  const lengths = ({ nodes }: LayerUse) => nodes[0]?.outputTensors[0]?.shape.slice(1) ?? [];
  const empty = uses.find((use) => lengths(use).some((length) => length !== null && length < 1));
  if (!empty) return;
  const location = locations.get(empty.layer);
  const place = location ? `${basename(location.file)}:${location.line + 1}` : basename(reference);
  throw new Failed(
    'modelInvalid',
    `${place}: ${empty.layer.name} would put out [${lengths(empty).join(', ')}].`,
    'The map before it is smaller than the kernel: pad it, pool less, or give the model a larger input.',
  );
};

/** Every layer's first output, but for inputs and for shapes that are left open. */
const tapsOf = (uses: readonly LayerUse[], logits: tf.SymbolicTensor): Map<string, tf.SymbolicTensor> => {
  const taps = new Map<string, tf.SymbolicTensor>();
  for (const { layer, nodes } of uses) {
    const output = nodes[0]?.outputTensors[0];
    const shape = output && fixedShape(output.shape);
    if (output && shape && shape.length > 0 && layer.getClassName() !== 'InputLayer')
      taps.set(layer.name, output);
  }
  return taps.set('logits', logits);
};

/**
 * Describes a model and takes off the softmax it ends in. A layer used several times is tapped at its first use; a
 * nested model is one layer. Throws `modelInvalid` or `modelUnsupported` for inputs Retort cannot feed.
 */
export const describeModel = (model: tf.LayersModel, origin: Origin): Described => {
  const inputShape = checkInputs(model, origin.reference);
  const { logits, removed } = withoutSoftmax(predictionOf(model));
  const uses = layerUses(model);
  refuseEmptyMaps(uses, origin);
  const counts = uses.map(({ layer, nodes }) => layerMacs(layer, nodes));
  const uncounted = counts.flatMap((count) => count.uncounted);
  const taps = tapsOf(uses, logits);
  const info: ModelInfo = {
    reference: origin.reference,
    name: model.name,
    format: origin.format,
    inputShape,
    outputShape: logits.shape.slice(1).map((length) => length ?? openLength),
    softmaxRemoved: removed,
    parameters: model.countParams(),
    macs: counts.reduce((sum, count) => sum + count.macs, 0),
    layers: uses.map((use, index) =>
      layerInfo(use, origin.locations.get(use.layer), counts[index]?.macs ?? 0),
    ),
    taps: [...taps.keys()],
    ...(uncounted.length > 0 ? { uncounted } : {}),
    ...(origin.opening ? { opening: origin.opening } : {}),
  };
  return { info, inputs: model.inputs, taps };
};
