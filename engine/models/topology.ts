import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import { activationName, respell } from './layerSpelling';
import { countCallsLikeTfjs } from './nestedCalls';
import { isFields, isTopology, layersOf, type Topology } from './topologyNodes';

type Fields = Record<string, unknown>;

const isKnown = (className: string): boolean =>
  className in tf.serialization.SerializationMap.getMap().classNameMap;

/** Keras 3 writes one call as `{args, kwargs}`; tfjs reads `[[layer, node, tensor, kwargs], …]` as Keras 2 wrote. */
const inboundNode = (node: unknown): unknown => {
  if (!isFields(node) || !Array.isArray(node.args)) return node;
  const tensors: unknown[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (isFields(value) && isFields(value.config) && Array.isArray(value.config.keras_history))
      tensors.push([...(value.config.keras_history as unknown[]), {}]);
  };
  collect(node.args);
  return tensors;
};

/** Keras 3 writes a single end as `[layer, node, tensor]` and named ones as an object; tfjs reads a list of them. */
const endList = (ends: unknown): unknown => {
  if (isFields(ends)) return Object.values(ends);
  return Array.isArray(ends) && typeof ends[0] === 'string' ? [ends] : ends;
};

const withoutUnknown = (value: unknown): unknown =>
  isTopology(value) && !isKnown(value.class_name) ? null : strip(value);

const knownTypes = new Set(['float32', 'int32', 'bool', 'complex64', 'string']);

/** The policy that a layer computes in, as Keras 2 or 3 writes it. */
export const policyName = (value: unknown): string =>
  isFields(value) ? String((value.config as Fields | undefined)?.name ?? 'float32') : String(value);

/** tfjs computes in float32 what Keras computed in half or mixed precision. */
const computedType = (value: unknown): string => {
  const name = policyName(value);
  return knownTypes.has(name) ? name : 'float32';
};

const rules: [matches: (key: string) => boolean, rule: (value: unknown) => unknown][] = [
  [(key) => key.endsWith('_regularizer'), () => null],
  [(key) => key.endsWith('_initializer') || key.endsWith('_constraint'), withoutUnknown],
  [(key) => key === 'dtype', computedType],
  [(key) => key === 'activation' || key === 'recurrent_activation', (value) => strip(activationName(value))],
  [(key) => key === 'inbound_nodes', (value) => (Array.isArray(value) ? value.map(inboundNode) : value)],
  [(key) => key === 'input_layers' || key === 'output_layers', endList],
];

const renamed: Record<string, string> = { batch_shape: 'batch_input_shape' };

const strip = (given: unknown): unknown => {
  if (Array.isArray(given)) return given.map(strip);
  const value = isTopology(given) ? respell(given) : given;
  if (!isFields(value)) return value;
  const kept: Fields = {};
  for (const [key, inner] of Object.entries(value)) {
    const rule = rules.find(([matches]) => matches(key));
    kept[renamed[key] ?? key] = rule ? rule[1](inner) : strip(inner);
  }
  return kept;
};

const refuseUnknownLayers = (topology: Topology): void => {
  const unknown = [topology, ...layersOf(topology)]
    .map((layer) => respell(layer))
    .flatMap((layer) => (isTopology(layer) && !isKnown(layer.class_name) ? [layer.class_name] : []));
  if (unknown.length === 0) return;
  const names = [...new Set(unknown)].join(', ');
  throw new Failed(
    'modelUnsupported',
    `The model uses layers that TensorFlow.js does not know: ${names}.`,
    'Open it as model code that defines and registers these classes, or replace them by built-in layers.',
  );
};

/** Settings of newer Keras that tfjs reads over, so that it would compute something else. */
const ignoredByTfjs: Record<string, Record<string, (value: unknown) => boolean>> = {
  ReLU: { negative_slope: Boolean, threshold: Boolean },
  Conv1D: { groups: (value) => Number(value ?? 1) !== 1 },
  Conv2D: { groups: (value) => Number(value ?? 1) !== 1 },
  GlobalAveragePooling1D: { keepdims: Boolean },
  GlobalAveragePooling2D: { keepdims: Boolean },
  GlobalMaxPooling1D: { keepdims: Boolean },
  GlobalMaxPooling2D: { keepdims: Boolean },
};

const refuseIgnoredSettings = (topology: Topology): void => {
  for (const { class_name: className, config } of layersOf(topology).map(respell).filter(isTopology))
    for (const [setting, matters] of Object.entries(ignoredByTfjs[className] ?? {})) {
      const { name, [setting]: value } = config as Fields;
      if (!matters(value)) continue;
      throw new Failed(
        'modelUnsupported',
        `The ${className} layer ${String(name)} sets ${setting}, which TensorFlow.js does not compute.`,
        'Express it by other layers in Keras, then convert the model again.',
      );
    }
};

/**
 * Makes a description that tfjs can deserialise: regularizers go (they matter to no forward pass), and so do
 * initialisers and constraints that tfjs does not know; Keras 3's spelling becomes Keras 2's.
 * Throws `modelUnsupported` for layers and settings that tfjs does not know.
 */
export const readableTopology = (topology: Topology): Topology => {
  refuseUnknownLayers(topology);
  refuseIgnoredSettings(topology);
  return countCallsLikeTfjs(strip(topology) as Topology);
};

/** The same model with initial values that cost nothing to make, for weights that are read from a file. */
export const withZeroWeights = (topology: Topology): Topology =>
  JSON.parse(JSON.stringify(topology), (key, value: unknown) =>
    key.endsWith('_initializer') && value ? { class_name: 'Zeros', config: {} } : value,
  ) as Topology;
