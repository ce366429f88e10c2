import * as tf from '@tensorflow/tfjs';

type Layer = tf.layers.Layer;
type Activated = Layer & { activation?: { getClassName?(): string } | null };
type SoftmaxLayer = Layer & { softmax: (x: tf.Tensor) => tf.Tensor };

/** Layers that hand the values on, in inference and in order. */
const transparent = new Set(['Flatten', 'Reshape', 'Dropout', 'Permute']);

const endsInSoftmax = (layer: Activated): boolean => layer.activation?.getClassName?.() === 'softmax';

/** A layer that is a softmax, or ends in one. */
export const isSoftmax = (layer: Layer): boolean =>
  layer.getClassName() === 'Softmax' || endsInSoftmax(layer);

const valuesOf = (symbolic: tf.SymbolicTensor): number =>
  symbolic.shape.slice(1).reduce<number>((product, length) => product * (length ?? 0), 1);

const makeLinear = (layer: Activated): void => {
  const linear = tf.layers.activation({ activation: 'linear' }) as Activated;
  layer.activation = linear.activation ?? null;
};

/** Takes the softmax that `symbolic` ends in out of its layer. False where there is none. */
const neutralise = (symbolic: tf.SymbolicTensor): boolean => {
  const layer = symbolic.sourceLayer;
  if (layer instanceof tf.LayersModel) {
    const inner = layer.outputs[symbolic.outputTensorIndex ?? 0];
    return inner !== undefined && neutralise(inner);
  }
  if (endsInSoftmax(layer)) {
    makeLinear(layer);
    return true;
  }
  if (layer.getClassName() === 'Softmax') {
    (layer as SoftmaxLayer).softmax = (x) => x;
    return true;
  }
  const [input] = symbolic.inputs;
  const isHandedOn = input && transparent.has(layer.getClassName()) && sameClasses(input, symbolic);
  return isHandedOn ? neutralise(input) : false;
};

/** A softmax over the channels of a 1x1 map is one over the classes. */
const sameClasses = (input: tf.SymbolicTensor, output: tf.SymbolicTensor): boolean =>
  valuesOf(input) === valuesOf(output) && input.shape.at(-1) === valuesOf(input);

/**
 * Finds the logits before the softmax that a prediction ends in. A softmax of its own layer is left out of the graph;
 * one inside a layer (a dense layer's activation) is replaced in the layer, whose tap then gives the logits.
 */
export const withoutSoftmax = (
  prediction: tf.SymbolicTensor,
): { logits: tf.SymbolicTensor; removed: boolean } => {
  const layer = prediction.sourceLayer;
  const isOwnLayer = isSoftmax(layer) && ['Softmax', 'Activation'].includes(layer.getClassName());
  const [input] = prediction.inputs;
  if (isOwnLayer && input) return { logits: input, removed: true };
  return { logits: prediction, removed: neutralise(prediction) };
};
