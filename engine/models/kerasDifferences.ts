import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import { isOperation } from './kerasOperations';
import { activationName } from './layerSpelling';
import { policyName } from './topology';
import { isFields, layersOf, type Topology } from './topologyNodes';

type Fields = Record<string, unknown>;

/** A setting under which tfjs computes something else than Keras, or nothing. */
interface Difference {
  applies(config: Fields): boolean;
  /** As in "… which TensorFlow.js computes otherwise". */
  what: string;
}

const isNotOne = (value: unknown): boolean => [value ?? 1].flat().some((length) => length !== 1);

const differences: Record<string, Difference> = {
  UpSampling2D: {
    applies: ({ interpolation }) => interpolation === 'bilinear',
    what: 'bilinear interpolation',
  },
  Conv2DTranspose: {
    applies: (config) => isNotOne(config.dilation_rate) || Boolean(config.output_padding),
    what: 'a dilation or an output padding',
  },
  LayerNormalization: { applies: ({ rms_scaling }) => Boolean(rms_scaling), what: 'rms_scaling' },
};

const activationsOf = (config: Fields): unknown[] =>
  [config.activation, config.recurrent_activation].map(activationName).filter(Boolean);

const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const isKnownActivation = (name: unknown): boolean =>
  typeof name !== 'string' || camel(name) in tf.serialization.SerializationMap.getMap().classNameMap;

const refuse = (className: string, config: Fields, what: string): Failed =>
  new Failed(
    'modelUnsupported',
    `The ${className} layer ${String(config.name)} uses ${what}, which TensorFlow.js does not compute as Keras does.`,
    'Replace it in Keras by built-in layers with other settings, then save the model again.',
  );

const checkLayer = ({ class_name: className, config }: Topology): void => {
  if (!isFields(config)) return;
  const difference = differences[className];
  if (difference?.applies(config)) throw refuse(className, config, difference.what);
  if (config.data_format === 'channels_first') throw refuse(className, config, 'channels_first');
  if (/int|float8/.test(policyName(config.dtype)) && 'kernel_initializer' in config)
    throw refuse(className, config, `${policyName(config.dtype)} weights`);
  for (const name of activationsOf(config))
    if (!isKnownActivation(name)) throw refuse(className, config, `the activation ${String(name)}`);
};

const sharedOperations = new Set(['Add', 'Multiply', 'Maximum', 'Minimum']);

const hasConstant = (layer: Topology): boolean => {
  const { inbound_nodes: nodes } = layer as Topology & { inbound_nodes?: { args?: unknown[] }[] };
  return (nodes ?? []).some((node) => node.args?.some((value) => !isFields(value) && !Array.isArray(value)));
};

const checkOperation = (layer: Topology): void => {
  if (!isOperation(layer) || (sharedOperations.has(layer.class_name) && !hasConstant(layer))) return;
  throw new Failed(
    'modelUnsupported',
    `The model computes ${layer.class_name} by an operation outside a layer, which TensorFlow.js has no layer for.`,
    'Use built-in layers for it in Keras, then save the model again.',
  );
};

/** Throws `modelUnsupported` where tfjs would build a Keras model that computes something else. */
export const refuseKerasDifferences = (topology: Topology): void => {
  for (const layer of layersOf(topology)) {
    checkOperation(layer);
    checkLayer(layer);
  }
};
