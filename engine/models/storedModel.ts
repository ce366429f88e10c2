import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { version } from '../contract/version';
import { writeWhole } from '../wholeFile';

/** A model's weights in the model's order, by the names tfjs stores them under. */
export type NamedVariables = ReadonlyMap<string, tf.Variable>;

const encode = async (variables: NamedVariables) => {
  const named = [...variables].map(([name, tensor]) => ({ name, tensor }));
  return tf.io.encodeWeights(named);
};

/** Writes `weights.bin`, then `model.json`, each whole or not at all: a layers-model as plain tfjs loads it. */
export const writeLayersModel = async (
  folder: string,
  topology: string,
  variables: NamedVariables,
): Promise<void> => {
  const { data, specs } = await encode(variables);
  const model = {
    format: 'layers-model',
    generatedBy: `TensorFlow.js tfjs-layers v${tf.version_layers}`,
    convertedBy: `Retort ${version}`,
    modelTopology: JSON.parse(topology) as unknown,
    weightsManifest: [{ paths: ['weights.bin'], weights: specs }],
  };
  await mkdir(folder, { recursive: true });
  await writeWhole(join(folder, 'weights.bin'), new Uint8Array(data));
  await writeWhole(join(folder, 'model.json'), JSON.stringify(model));
};

/** SHA-256, hex, over the topology and every weight's name, shape and bytes. */
export const hashModel = async (topology: string, variables: NamedVariables): Promise<string> => {
  const { data, specs } = await encode(variables);
  return createHash('sha256')
    .update(topology)
    .update(JSON.stringify(specs))
    .update(new Uint8Array(data))
    .digest('hex');
};
