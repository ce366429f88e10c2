import { isFields, type Topology } from './topologyNodes';

type Fields = Record<string, unknown>;

type Shape = (number | null)[];

/** A layer as Keras 3 writes it: its calls with the shapes of what they take, and the shape that it was built for. */
type Called = Topology & {
  inbound_nodes?: { args?: { config?: { shape?: Shape } }[] }[];
  build_config?: { input_shape?: Shape };
};

const single = (value: unknown): unknown => (Array.isArray(value) && value.length === 1 ? value[0] : value);

const renamedActivations: Record<string, string> = {
  silu: 'swish',
  hard_silu: 'hardSilu',
  hard_swish: 'hardSilu',
};

/** An activation as tfjs names it; Keras writes a name, or an object around the name of a function. */
export const activationName = (value: unknown): unknown => {
  if (isFields(value) && value.class_name === 'function') return activationName(value.config);
  return typeof value === 'string' ? (renamedActivations[value] ?? value) : value;
};

const linear = ({ name, trainable, dtype, batch_input_shape }: Fields): Topology => ({
  class_name: 'Activation',
  config: {
    name,
    trainable,
    dtype,
    ...(batch_input_shape ? { batch_input_shape } : {}),
    activation: 'linear',
  },
});

const openBatch = (config: Fields): Fields => {
  const changed: Fields = { ...config };
  for (const key of ['batch_shape', 'batch_input_shape'])
    if (Array.isArray(changed[key])) changed[key] = [null, ...(changed[key] as unknown[]).slice(1)];
  return changed;
};

/** A rectifier that leaks is a class of its own in tfjs. */
const rectifier = (config: Fields): Topology => {
  const { negative_slope: slope, threshold, max_value: max, ...others } = config;
  const isLeaky = Boolean(slope) && !threshold && (max === null || max === undefined);
  return isLeaky
    ? { class_name: 'LeakyReLU', config: { ...others, alpha: single(slope) } }
    : { class_name: 'ReLU', config };
};

const leaky = ({ negative_slope: slope, ...config }: Fields): Topology => ({
  class_name: 'LeakyReLU',
  config: slope === undefined ? config : { ...config, alpha: slope },
});

/** Dropout of whole maps: one draw for all positions of a channel. */
const spatialDropout = (config: Fields): Topology => ({
  class_name: 'Dropout',
  config: { ...config, noise_shape: [null, 1, 1, null] },
});

const calledWith = ({ inbound_nodes: calls }: Called): Shape | undefined =>
  calls?.[0]?.args?.[0]?.config?.shape;

/** Pooling over a whole map that keeps its axes, where the size of the map is written. */
const keptPooling =
  (global: string, local: string) =>
  (config: Fields, layer: Called): Topology => {
    const [, height, width] = calledWith(layer) ?? [];
    if (!config.keepdims || !height || !width) return { class_name: global, config };
    const { name, trainable, dtype } = config;
    const size = [height, width];
    const kept = { name, trainable, dtype, pool_size: size, strides: size, padding: 'valid' };
    return { class_name: local, config: kept };
  };

/** Fixed statistics of the channels: a depthwise convolution of one point, whose weights are made of them. */
const normalization = (config: Fields, layer: Called): Topology => {
  const axis = single(config.axis);
  const shape = layer.build_config?.input_shape ?? calledWith(layer);
  const isOfMaps = shape?.length === 4 && (axis === 3 || axis === -1) && !config.invert;
  if (!isOfMaps) return { class_name: 'Normalization', config };
  const { name, dtype } = config;
  return {
    class_name: 'DepthwiseConv2D',
    config: { name, dtype, trainable: false, kernel_size: [1, 1], depth_multiplier: 1, use_bias: true },
  };
};

const oneAxis =
  (class_name: string) =>
  (config: Fields): Topology => ({
    class_name,
    config: { ...config, axis: single(config.axis) },
  });

/** Sequential models that were built by their first batch keep the input's shape outside the list of layers. */
const withInput = (config: Fields): Topology => {
  const { layers, build_input_shape: shape } = config;
  const [first] = Array.isArray(layers) ? (layers as Fields[]) : [];
  const own = first?.config as Fields | undefined;
  const isGiven =
    first?.class_name === 'InputLayer' || own?.batch_input_shape || own?.batch_shape || own?.layers;
  if (!first || !Array.isArray(shape) || isGiven) return { class_name: 'Sequential', config };
  const input = {
    class_name: 'InputLayer',
    config: { name: `${String(config.name)}_input`, batch_input_shape: [null, ...shape.slice(1)] },
  };
  return { class_name: 'Sequential', config: { ...config, layers: [input, ...(layers as Fields[])] } };
};

const spellings: Record<string, (config: Fields, layer: Called) => Topology> = {
  ActivityRegularization: linear,
  BatchNormalization: oneAxis('BatchNormalization'),
  GlobalAveragePooling2D: keptPooling('GlobalAveragePooling2D', 'AveragePooling2D'),
  GlobalMaxPooling2D: keptPooling('GlobalMaxPooling2D', 'MaxPooling2D'),
  Identity: linear,
  InputLayer: (config) => ({ class_name: 'InputLayer', config: openBatch(config) }),
  LeakyReLU: leaky,
  Normalization: normalization,
  ReLU: rectifier,
  Sequential: withInput,
  SpatialDropout2D: spatialDropout,
};

/** Numbers that Keras 3 wraps as arrays. */
const arrayClasses = new Set(['__tensor__', '__numpy__']);

/**
 * A layer of Keras as the layer of tfjs that computes the same, where the two spell it otherwise; an array of numbers
 * as the numbers. All else is given back as it came.
 */
export const respell = (given: Topology): unknown => {
  const { class_name: className, config } = given;
  if (!isFields(config)) return given;
  if (arrayClasses.has(className)) return single(config.value);
  const spelling = typeof config.name === 'string' ? spellings[className] : undefined;
  return spelling ? { ...given, ...spelling(config, given) } : given;
};
