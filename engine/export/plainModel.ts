import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';

/** Opens a layers-model exactly as `tf.loadLayersModel` does in an application, with nothing repaired. */
export const loadPlainly = async (file: string): Promise<tf.LayersModel> => {
  const { modelTopology, weightsManifest } = JSON.parse(await readFile(file, 'utf8')) as tf.io.ModelJSON;
  const paths = weightsManifest.flatMap((group) => group.paths);
  const shards = await Promise.all(paths.map((path) => readFile(join(dirname(file), path))));
  const bytes = new Uint8Array(Buffer.concat(shards));
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData: bytes.buffer }));
};
