import * as tf from '@tensorflow/tfjs';

type Layer = tf.layers.Layer;
export type LayerNode = Layer['inboundNodes'][number];

/** A layer of a model with the places where the model uses it, in the order of its calls. */
export interface LayerUse {
  layer: Layer;
  nodes: LayerNode[];
}

/** A sequential model's graph lies in an inner model; a functional one is its own. */
export const functionalPart = (model: tf.LayersModel): tf.LayersModel =>
  model instanceof tf.Sequential ? tf.model({ inputs: model.inputs, outputs: model.outputs }) : model;

/** A shared layer also has nodes of other models, so only those that belong to this graph count. */
export const layerUses = (model: tf.LayersModel): LayerUse[] => {
  const { layers, containerNodes } = functionalPart(model);
  return layers.map((layer) => ({
    layer,
    nodes: layer.inboundNodes.filter((_, index) => containerNodes.has(`${layer.name}_ib-${index}`)),
  }));
};

/** Without the batch dimension; null where a length is left open. */
export const fixedShape = (shape: readonly (number | null)[]): number[] | null => {
  if (shape.length === 0) return null;
  const inner = shape.slice(1);
  return inner.every((length): length is number => typeof length === 'number') ? inner : null;
};
