import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { OpeningReport } from '../contract/model';
import { ignoredSettings } from './opening';
import { readableTopology } from './topology';
import { isTopology, type Topology } from './topologyNodes';
import { manifestSchema, readWeights, type StoredWeights, type WeightsManifest } from './weightsManifest';

/** A model read from a file, and what became of the file's contents. */
export interface OpenedModel {
  model: tf.LayersModel;
  opening: OpeningReport;
}

const parseJson = (text: string, name: string): Record<string, unknown> => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    throw new Failed(
      'modelInvalid',
      `${name} is not JSON: ${(error as Error).message}.`,
      'Name the model.json of a TensorFlow.js layers-model, or a model code file.',
    );
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
    return parsed as Record<string, unknown>;
  throw notAModel(name);
};

const notAModel = (name: string): Failed =>
  new Failed(
    'modelInvalid',
    `${name} is JSON, but describes no model.`,
    'Name the model.json of a TensorFlow.js layers-model: it has a modelTopology and a weightsManifest.',
  );

/** A graph-model, with or without "format". */
export const isGraph = (json: Record<string, unknown>): boolean => {
  const topology = json.modelTopology as Record<string, unknown> | null | undefined;
  return json.format === 'graph-model' || Array.isArray(topology?.node);
};

const topologyOf = (json: Record<string, unknown>, name: string): Topology => {
  const stored = json.modelTopology;
  if (stored === undefined && (isTopology(json) || isTopology(json.model_config)))
    throw new Failed(
      'modelUnsupported',
      `${name} is a Keras architecture without weights, not a TensorFlow.js model.`,
      'Save the whole model in Keras and name that file: model.save("model.keras").',
    );
  const inner = (stored as Record<string, unknown> | null | undefined)?.model_config ?? stored;
  const topology: unknown = typeof inner === 'string' ? parseJson(inner, name) : inner;
  if (isTopology(topology)) return topology;
  throw notAModel(name);
};

/** The weights that a model file names. Throws `modelInvalid` where it names none. */
export const manifestOf = (json: Record<string, unknown>, name: string): WeightsManifest => {
  const manifest = json.weightsManifest;
  if (manifest === undefined || (Array.isArray(manifest) && manifest.length === 0))
    throw new Failed(
      'modelInvalid',
      `${name} describes an architecture, but names no weights.`,
      'Save the model with its weights (model.save in TensorFlow.js writes both).',
    );
  const parsed = manifestSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Failed(
    'modelInvalid',
    `The weightsManifest of ${name} is not as TensorFlow.js writes it: ${issue?.path.join('.')}: ${issue?.message}.`,
    'Save or convert the model again.',
  );
};

/** A model file as JSON. Throws `modelInvalid` for anything else. */
export const readModelJson = async (file: string): Promise<Record<string, unknown>> =>
  parseJson(await readFile(file, 'utf8'), basename(file));

/** Keras 3 puts the model's own name before every weight's. */
const withoutModelName = (stored: StoredWeights, topology: Topology): StoredWeights => {
  const config = topology.config as Record<string, unknown>;
  const prefix = `${String(config.name)}/`;
  const layers = (config.layers as { config?: { name?: unknown } }[] | undefined) ?? [];
  if (layers.some((layer) => `${String(layer.config?.name)}/` === prefix)) return stored;
  if (!stored.specs.every((spec) => spec.name.startsWith(prefix))) return stored;
  const specs = stored.specs.map((spec) => ({ ...spec, name: spec.name.slice(prefix.length) }));
  return { ...stored, specs };
};

/** tfjs loads all weights or none. */
const reportOf = (topology: Topology, stored: number): OpeningReport => ({
  read: stored,
  matched: stored,
  missing: [],
  unexpected: [],
  ignored: ignoredSettings(topology),
});

/** The first sentence of a library's error, without its class name or advice. */
export const firstSentence = (error: unknown): string =>
  ((error as Error).message ?? String(error)).split('\n')[0]?.replace(/\.\s.*$|\.$/, '') ?? '';

/**
 * Opens a layers-model file, whatever its name. Throws `modelNotFound`, `modelInvalid` (cut short, shard missing,
 * no model in it) or `modelUnsupported` (another format, an unknown layer).
 */
export const loadLayersFile = async (file: string, json?: Record<string, unknown>): Promise<OpenedModel> => {
  const name = basename(file);
  const read = json ?? (await readModelJson(file));
  const topology = topologyOf(read, name);
  const manifest = manifestOf(read, name);
  const modelTopology = readableTopology(topology) as unknown as tf.io.ModelJSON['modelTopology'];
  const { specs, data } = withoutModelName(await readWeights(manifest, file), topology);
  try {
    const model = await tf.loadLayersModel(
      tf.io.fromMemory({ modelTopology, weightSpecs: specs, weightData: data }),
    );
    return { model, opening: reportOf(topology, specs.length) };
  } catch (error) {
    throw new Failed(
      'modelInvalid',
      `${name} cannot be opened as a layers-model: ${firstSentence(error)}.`,
      'Save or convert the model again with TensorFlow.js 4 or a matching converter.',
      { cause: error },
    );
  }
};
