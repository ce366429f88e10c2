import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { Hdf5, StoredArray } from './hdf5';
import { isFields, isTopology, type Topology } from './topologyNodes';

/** The weights of one layer beside the arrays that a file stores for it, both in Keras's order. */
export interface LayerWeights {
  layer: string;
  weights: readonly tf.LayerVariable[];
  arrays: readonly StoredArray[];
}

interface Holder {
  weights: tf.LayerVariable[];
}

/** Keras never divides by less. */
const smallestDeviation = 1e-7;

/** Mean and variance, stored or fixed in the settings, as the kernel and bias of a depthwise convolution. */
const normalisationArrays = (
  config: Record<string, unknown>,
  stored: readonly StoredArray[],
): StoredArray[] => {
  const values = (setting: unknown, array: StoredArray | undefined): number[] =>
    Array.isArray(setting) ? (setting.flat(Infinity) as number[]) : [...(array?.read() ?? [])];
  const means = values(config.mean, stored[0]);
  const scales = values(config.variance, stored[1]).map(
    (variance) => 1 / Math.max(Math.sqrt(variance), smallestDeviation),
  );
  const [kernel, bias] = [
    Float32Array.from(scales),
    Float32Array.from(scales, (scale, at) => -(means[at] ?? 0) * scale),
  ];
  const channels = scales.length;
  return [
    { path: stored[0]?.path ?? '', shape: [1, 1, channels, 1], read: () => kernel },
    { path: stored[1]?.path ?? '', shape: [channels], read: () => bias },
  ];
};

/** What a layer's stored arrays are to the layer of tfjs that stands for it. */
const asBuilt = (described: Topology | undefined, stored: readonly StoredArray[]): readonly StoredArray[] =>
  described?.class_name === 'Normalization' && isFields(described.config)
    ? normalisationArrays(described.config, stored)
    : stored;

/** Whole-model HDF5 files (Keras 2 and 3): a group a layer, `weight_names` in order; a nested model is one layer. */
export const weightsOfLayers = (file: Hdf5, model: tf.LayersModel, topology: Topology): LayerWeights[] =>
  model.layers
    .filter((layer) => layer.weights.length > 0)
    .map((layer) => {
      const group = `model_weights/${layer.name}`;
      const names = file.texts(group, 'weight_names') ?? [];
      const arrays = names.flatMap((name) => file.arrays.get(`${group}/${name}`) ?? []);
      const described = layerList(topology).find((one) => nameOf(one) === layer.name);
      return { layer: layer.name, weights: layer.weights, arrays: asBuilt(described, arrays) };
    });

/** `Conv2DTranspose` to `conv2d_transpose`: how Keras 3 names the groups of a class's layers. */
const snakeCase = (className: string): string =>
  className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();

const number = (group: string): number => Number(/_(\d+)$/.exec(group)?.[1] ?? 0);

const layerList = ({ config }: Topology): Topology[] =>
  (Array.isArray(config) ? config : ((config.layers as unknown[] | undefined) ?? [])).filter(isTopology);

const nameOf = ({ config }: Topology): string => (isFields(config) ? String(config.name) : '');

/** Numbered arrays of a layer's own. */
const ownArrays = (file: Hdf5, path: string): StoredArray[] => {
  const arrays: StoredArray[] = [];
  for (let index = 0; ; index++) {
    const found = file.arrays.get(`${path}/vars/${index}`);
    if (!found) return arrays;
    arrays.push(found);
  }
};

/** A layer's parts with weights, each with the group that holds them. */
const partsOf = (layer: tf.layers.Layer, path: string): [Holder, string][] => {
  const inner = layer as tf.layers.Layer & Record<string, tf.layers.Layer | undefined>;
  const part = (name: string, group: string): [Holder, string][] => {
    const found = inner[name];
    return found ? partsOf(found, `${path}/${group}`) : [];
  };
  const className = layer.getClassName();
  if (className === 'Bidirectional')
    return [...part('forwardLayer', 'forward_layer'), ...part('backwardLayer', 'backward_layer')];
  if (className === 'TimeDistributed') return part('layer', 'layer');
  return inner.cell ? part('cell', 'cell') : [[layer, path]];
};

/** The group of each layer: by the name that it carries, else the layers of a class in order by its numbered groups. */
const groupsOf = (file: Hdf5, path: string, layers: readonly Topology[]): Map<Topology, string> => {
  const groups = file.groups(path);
  const named = new Map(groups.map((group) => [file.text(`${path}/${group}/vars`, 'name'), group]));
  const found = new Map<Topology, string>();
  const counts = new Map<string, number>();
  for (const layer of layers) {
    const base = snakeCase(layer.class_name);
    const ofClass = groups
      .filter((group) => group.replace(/_\d+$/, '') === base || group === base)
      .sort((one, other) => number(one) - number(other));
    const rank = counts.get(base) ?? 0;
    counts.set(base, rank + 1);
    const group = named.get(nameOf(layer)) ?? ofClass[rank];
    if (group !== undefined) found.set(layer, `${path}/${group}`);
  }
  return found;
};

const weightsIn = (file: Hdf5, model: tf.LayersModel, topology: Topology, path: string): LayerWeights[] => {
  const container = ['layers', '_layer_checkpoint_dependencies'].find((name) =>
    file.hasGroup(path === '' ? name : `${path}/${name}`),
  );
  const layers = layerList(topology);
  const groups = groupsOf(file, [path, container ?? 'layers'].filter(Boolean).join('/'), layers);
  return layers.flatMap((described): LayerWeights[] => {
    const layer = model.layers.find(({ name }) => name === nameOf(described));
    if (!layer || layer.weights.length === 0) return [];
    const group = groups.get(described) ?? '';
    if (layer instanceof tf.LayersModel) return weightsIn(file, layer, described, group);
    return partsOf(layer, group).map(([holder, at]) => ({
      layer: layer.name,
      weights: holder.weights,
      arrays: asBuilt(described, ownArrays(file, at)),
    }));
  });
};

/** The weights file of a `.keras` archive: groups of groups, as the layers lie in each other. */
export const weightsOfArchive = (file: Hdf5, model: tf.LayersModel, topology: Topology): LayerWeights[] =>
  weightsIn(file, model, topology, '');

const shapeOf = (shape: readonly (number | null)[]): string => `[${shape.join(', ')}]`;

const refuse = (layer: string, weights: LayerWeights['weights'], arrays: LayerWeights['arrays']): Failed =>
  new Failed(
    'modelInvalid',
    `The layer ${layer} needs weights of ${weights.map(({ shape }) => shapeOf(shape)).join(', ')}, but the file holds ${
      arrays.map(({ shape }) => shapeOf(shape)).join(', ') || 'none'
    } for it.`,
    'Save the whole model again, with its weights, in the version of Keras that made it.',
  );

/** Gives every weight its stored values. Throws `modelInvalid` where number or shapes differ. */
export const assignWeights = (all: readonly LayerWeights[]): void => {
  for (const { layer, weights, arrays } of all) {
    const fits =
      weights.length === arrays.length &&
      weights.every(({ shape }, index) => shapeOf(shape) === shapeOf(arrays[index]?.shape ?? []));
    if (!fits) throw refuse(layer, weights, arrays);
    tf.tidy(() =>
      weights.forEach((weight, index) => {
        const array = arrays[index] as StoredArray;
        weight.write(tf.tensor(array.read(), array.shape, 'float32'));
      }),
    );
  }
};
