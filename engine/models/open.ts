import { modelExports as exportsOfCode, loadCodeModel } from './code';
import type { InputOptions } from '../contract/data';
import { Failed } from '../contract/failure';
import { formatOf } from './fileFormat';
import { frozenNetworkOf } from './frozenNetwork';
import { loadGraphFile } from './graphFile';
import { loadKerasFile } from './kerasFile';
import { networkOf } from './layersNetwork';
import { isGraph, loadLayersFile, readModelJson } from './layersFile';
import type { Network } from './network';
import { loadOnnxFile } from './onnxFile';
import { loadSavedModel } from './savedModelFile';
import { isCodeFile, resolveReference } from './reference';

export interface OpenOptions {
  input: InputOptions;
  /** Names the initial weights of model code: one seed, one set of weights. */
  seed: string;
}

/**
 * Opens a model: a layers-model, graph-model, Keras or ONNX file, a SavedModel folder (`folder#signature`), or model code
 * as `file#export`. The backend must be chosen before.
 * Throws `modelNotFound`, `modelInvalid` or `modelUnsupported`.
 */
export const openModel = async (reference: string, { input, seed }: OpenOptions): Promise<Network> => {
  const { file, exportName } = await resolveReference(reference);
  if (isCodeFile(file)) {
    const { model, locations } = await loadCodeModel(file, exportName, seed);
    return networkOf(model, input, { reference, format: 'code', locations });
  }
  const format = await formatOf(file);
  if (format === 'keras') {
    const opened = await loadKerasFile(file);
    return networkOf(opened.model, input, {
      reference,
      format,
      locations: new Map(),
      opening: opened.opening,
    });
  }
  if (format === 'onnx') return frozenNetworkOf(await loadOnnxFile(file), input, reference);
  if (format === 'saved-model')
    return frozenNetworkOf(await loadSavedModel(file, exportName), input, reference);
  const json = await readModelJson(file);
  if (isGraph(json)) return frozenNetworkOf(await loadGraphFile(file, json), input, reference);
  const { model, opening } = await loadLayersFile(file, json);
  return networkOf(model, input, { reference, format: 'layers-model', locations: new Map(), opening });
};

/** Opens a layers-model that {@link Network.save} wrote; layers and variables keep the names they had. */
export const openTopology = async (
  modelJsonFile: string,
  { input }: Pick<OpenOptions, 'input'>,
): Promise<Network> => {
  const { model, opening } = await loadLayersFile(modelJsonFile);
  return networkOf(model, input, {
    reference: modelJsonFile,
    format: 'layers-model',
    locations: new Map(),
    opening,
  });
};

/** The exports of a code file that are models or could make one; the file runs, its functions do not. */
export const modelExports = async (file: string): Promise<string[]> => {
  const found = await resolveReference(file);
  if (isCodeFile(found.file)) return exportsOfCode(found.file);
  throw new Failed('modelUnsupported', `${file} is no model code.`, 'Name a TypeScript or JavaScript file.');
};
