import { basename } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { OpeningReport } from '../contract/model';
import type { Network } from './network';
import { openModel, type OpenOptions } from './open';

type Variables = ReadonlyMap<string, tf.Variable>;

/** A layer's weights, by the last part of their names. */
interface LayerVariables {
  layer: string;
  /** What tells whether two layers can exchange weights: names and shapes of all of them. */
  signature: string;
  names: string[];
}

const shapeText = ({ shape }: tf.Tensor): string => `[${shape.join(', ')}]`;

const variablesOf = (network: Network): Variables => new Map([...network.trainable, ...network.statistics]);

const layersOf = (variables: Variables): LayerVariables[] => {
  const layers = new Map<string, string[]>();
  for (const name of variables.keys()) {
    const layer = name.slice(0, Math.max(name.lastIndexOf('/'), 0));
    layers.set(layer, [...(layers.get(layer) ?? []), name]);
  }
  return [...layers].map(([layer, names]) => {
    const sorted = [...names].sort();
    const signature = sorted.map((name) => {
      const variable = variables.get(name);
      return `${name.slice(layer.length)}${variable ? shapeText(variable) : ''}`;
    });
    return { layer, signature: signature.join(), names: sorted };
  });
};

/** Names of the model's weights with the names of those that they take: the same name and shape first. */
const pairsByName = (wanted: Variables, stored: Variables): Map<string, string> => {
  const pairs = new Map<string, string>();
  for (const [name, variable] of wanted) {
    const found = stored.get(name);
    if (found && shapeText(found) === shapeText(variable)) pairs.set(name, name);
  }
  return pairs;
};

/** Of what is left, whole layers of the same weights and shapes, in their order. */
const addPairsByOrder = (pairs: Map<string, string>, wanted: Variables, stored: Variables): void => {
  const taken = new Set(pairs.values());
  const isFree = ({ names }: LayerVariables): boolean => names.every((name) => !taken.has(name));
  const open = layersOf(wanted).filter(({ names }) => names.every((name) => !pairs.has(name)));
  let rest = layersOf(stored).filter(isFree);
  for (const { signature, names } of open) {
    const at = rest.findIndex((layer) => layer.signature === signature);
    if (at < 0) continue;
    names.forEach((name, index) => pairs.set(name, rest[at]?.names[index] ?? name));
    rest = rest.slice(at + 1);
  }
};

const reportOf = (
  pairs: ReadonlyMap<string, string>,
  wanted: Variables,
  stored: Variables,
): OpeningReport => {
  const taken = new Set(pairs.values());
  const missing = [...wanted.keys()].filter((name) => !pairs.has(name));
  return {
    read: stored.size,
    matched: pairs.size,
    missing,
    unexpected: [...stored.keys()].filter((name) => !taken.has(name)),
    ignored: missing.flatMap((name) => {
      const [own, found] = [wanted.get(name), stored.get(name)];
      return own && found ? [`${name} of shape ${shapeText(found)}, where ${shapeText(own)} is needed`] : [];
    }),
  };
};

const refuse = (network: Network, file: string, found: string): Failed =>
  new Failed(
    'modelInvalid',
    `No weights of ${basename(file)} fit ${network.info.name}: ${found}.`,
    'Name a model file of the same architecture, or leave "weights" out.',
  );

/**
 * Gives `network` the weights of a model file, by name, then layer by layer in order where all shapes agree, and says in
 * its description what was taken. Throws what `openModel` throws, and `modelInvalid` where nothing fits.
 */
const takeWeights = async (network: Network, file: string): Promise<void> => {
  const source = await openModel(file, { input: {}, seed: 'weights' });
  try {
    const [wanted, stored] = [variablesOf(network), variablesOf(source)];
    if (stored.size === 0)
      throw refuse(network, file, `its format (${source.info.format}) keeps them as constants`);
    const pairs = pairsByName(wanted, stored);
    addPairsByOrder(pairs, wanted, stored);
    if (pairs.size === 0)
      throw refuse(network, file, `none of its ${stored.size} arrays has the name or place and shape`);
    for (const [name, from] of pairs) wanted.get(name)?.assign(stored.get(from) as tf.Tensor);
    network.info.opening = reportOf(pairs, wanted, stored);
  } finally {
    source.dispose();
  }
};

/** Opens a model that starts from the weights of another file, where one is named. Throws what `openModel` throws. */
export const openStarted = async (
  reference: string,
  { weights, ...options }: OpenOptions & { weights: string | null },
): Promise<Network> => {
  const network = await openModel(reference, options);
  if (weights === null) return network;
  try {
    await takeWeights(network, weights);
    return network;
  } catch (error) {
    network.dispose();
    throw error;
  }
};
