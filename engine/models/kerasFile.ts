import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { strFromU8, unzipSync } from 'fflate';
import { Failed } from '../contract/failure';
import type { OpeningReport } from '../contract/model';
import { withHdf5, type Hdf5 } from './hdf5';
import { withKeras3Activations } from './kerasActivations';
import { refuseKerasDifferences } from './kerasDifferences';
import { withOperationsAsLayers } from './kerasOperations';
import { assignWeights, weightsOfArchive, weightsOfLayers, type LayerWeights } from './kerasWeights';
import { firstSentence, type OpenedModel } from './layersFile';
import { ignoredSettings } from './opening';
import { readableTopology, withZeroWeights } from './topology';
import { isFields, isTopology, type Topology } from './topologyNodes';

/** A Keras model before it is built. */
interface KerasModel {
  topology: Topology;
  version: string;
  /** What else the file describes and nothing needs. */
  ignored: string[];
  weights(model: tf.LayersModel): LayerWeights[];
  /** Whether an array of the file is a weight or a counter, not an optimizer's or a random generator's state. */
  isWeight(path: string): boolean;
}

const resave = 'Save the whole model again in Keras: model.save("model.keras").';

const parseTopology = (text: string, name: string): Topology => {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isTopology(parsed)) return parsed;
  } catch (error) {
    throw new Failed('modelInvalid', `The architecture in ${name} is not JSON.`, resave, { cause: error });
  }
  throw new Failed('modelInvalid', `The architecture in ${name} is none that Keras writes.`, resave);
};

const ofHdf5 = (file: Hdf5, name: string): KerasModel => {
  const config = file.text('', 'model_config');
  if (config === null)
    throw new Failed(
      'modelUnsupported',
      file.texts('', 'layer_names') || file.hasGroup('layers')
        ? `${name} holds weights without the model that they belong to.`
        : `${name} is an HDF5 file, but holds no Keras model.`,
      resave,
    );
  if (file.text('', 'backend') === 'theano')
    throw new Failed(
      'modelUnsupported',
      `${name} was saved on Theano, which stores kernels flipped.`,
      resave,
    );
  const topology = parseTopology(config, name);
  const hasOptimizer = file.hasGroup('optimizer_weights');
  return {
    topology,
    version: file.text('', 'keras_version') ?? '2',
    ignored: [
      ...(file.text('', 'training_config') === null ? [] : ['training configuration']),
      ...(hasOptimizer ? ['optimizer state'] : []),
    ],
    weights: (model) => weightsOfLayers(file, model, topology),
    isWeight: (path) => path.startsWith('model_weights/'),
  };
};

const isCompiled = (topology: Topology): boolean => {
  const { compile_config: compiled } = topology as Topology & { compile_config?: unknown };
  return isFields(compiled) && Object.keys(compiled).length > 0;
};

const ofArchive = (file: Hdf5, topology: Topology, version: string): KerasModel => ({
  topology,
  version,
  ignored: [
    ...(isCompiled(topology) ? ['training configuration'] : []),
    ...(file.hasGroup('optimizer') ? ['optimizer state'] : []),
  ],
  weights: (model) => weightsOfArchive(file, model, topology),
  isWeight: (path) => !/^optimizer\/|(^|\/)seed_generator\//.test(path),
});

const build = async ({ topology, version }: KerasModel, name: string): Promise<tf.LayersModel> => {
  const described = withOperationsAsLayers(topology);
  const spelled = Number.parseInt(version, 10) >= 3 ? withKeras3Activations(described) : described;
  refuseKerasDifferences(spelled);
  const modelTopology = withZeroWeights(
    readableTopology(spelled),
  ) as unknown as tf.io.ModelJSON['modelTopology'];
  try {
    return await tf.loadLayersModel(tf.io.fromMemory({ modelTopology }));
  } catch (error) {
    throw new Failed(
      'modelUnsupported',
      `${name} describes a model that TensorFlow.js does not build: ${firstSentence(error)}.`,
      'Replace what it names by other built-in layers or settings, then save the model again.',
      { cause: error },
    );
  }
};

const reportOf = (file: Hdf5, keras: KerasModel, taken: readonly LayerWeights[]): OpeningReport => {
  const matched = new Set(taken.flatMap(({ arrays }) => arrays.flatMap(({ path }) => path || [])));
  const stored = [...file.arrays]
    .filter(([path, { shape }]) => keras.isWeight(path) && shape.length > 0)
    .map(([path]) => path);
  return {
    read: stored.length,
    matched: matched.size,
    missing: [],
    unexpected: stored.filter((path) => !matched.has(path)),
    ignored: [...keras.ignored, ...ignoredSettings(keras.topology)],
  };
};

const open = async (file: Hdf5, keras: KerasModel, name: string): Promise<OpenedModel> => {
  const model = await build(keras, name);
  try {
    const weights = keras.weights(model);
    assignWeights(weights);
    return { model, opening: reportOf(file, keras, weights) };
  } catch (error) {
    for (const weight of model.weights) weight.read().dispose();
    throw error;
  }
};

const unzip = (bytes: Uint8Array, name: string): Record<string, Uint8Array> => {
  try {
    return unzipSync(bytes, { filter: (entry) => /\.(json|h5)$/.test(entry.name) });
  } catch (error) {
    throw new Failed('modelInvalid', `${name} is cut short or damaged.`, 'Download or save it again.', {
      cause: error,
    });
  }
};

const openArchive = (bytes: Uint8Array, name: string): Promise<OpenedModel> => {
  const {
    'config.json': config,
    'metadata.json': metadata,
    'model.weights.h5': weights,
  } = unzip(bytes, name);
  if (!config || !weights)
    throw new Failed(
      'modelInvalid',
      `${name} is a zip archive without ${config ? 'model.weights.h5' : 'config.json'}, so no Keras model.`,
      resave,
    );
  const topology = parseTopology(strFromU8(config), name);
  const { keras_version: version } = (metadata ? JSON.parse(strFromU8(metadata)) : {}) as Record<
    string,
    unknown
  >;
  return withHdf5(weights, name, (file) =>
    open(file, ofArchive(file, topology, String(version ?? '3')), name),
  );
};

/**
 * Opens a Keras model: `.h5`/`.hdf5` of Keras 2.0 on, or a `.keras` archive, told apart by their first bytes.
 * Throws `modelInvalid` (damaged, weights that do not fit) or `modelUnsupported` (custom classes, settings that tfjs
 * computes otherwise).
 */
export const loadKerasFile = async (path: string): Promise<OpenedModel> => {
  const name = basename(path);
  const bytes = new Uint8Array(await readFile(path));
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  return isZip
    ? openArchive(bytes, name)
    : withHdf5(bytes, name, (file) => open(file, ofHdf5(file, name), name));
};
