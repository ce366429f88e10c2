import { readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { Failed } from '../contract/failure';
import { isLfsPointer, lfsFailure } from './fileFormat';
import type { OnnxGraph, OnnxTensor } from './onnxModel';

/** A file beside the model that holds weights, under the path that the model names. */
export interface OnnxWeightFile {
  path: string;
  data: Uint8Array;
}

const entryOf = ({ externalData }: OnnxTensor, key: string): string | undefined =>
  externalData.find((entry) => entry.key === key)?.value;

/** Where a tensor's bytes end in its file. */
const endOf = (tensor: OnnxTensor): number =>
  Number(entryOf(tensor, 'offset') ?? 0) + Number(entryOf(tensor, 'length') ?? 0);

const readBeside = async (model: string, path: string): Promise<Uint8Array> => {
  if (isAbsolute(path) || path.split(/[\\/]/).includes('..'))
    throw new Failed(
      'modelUnsupported',
      `${basename(model)} names weights outside its own folder: ${path}.`,
      'Save it as one file: onnx.save(onnx.load("model.onnx"), "whole.onnx").',
    );
  try {
    return new Uint8Array(await readFile(join(dirname(model), path)));
  } catch (error) {
    throw new Failed(
      'modelInvalid',
      `${basename(model)} keeps its weights in ${path}, which is missing beside it.`,
      'Copy both files together, or save the model as one file.',
      { cause: error },
    );
  }
};

/**
 * The files that a model's weights lie in besides its own. Throws `modelInvalid` (missing, cut short, a Git LFS
 * pointer) or `modelUnsupported` (a path out of the model's folder).
 */
export const readWeightFiles = async (model: string, graph: OnnxGraph): Promise<OnnxWeightFile[]> => {
  const elsewhere = graph.initializer.filter(({ externalData }) => externalData.length > 0);
  const paths = [...new Set(elsewhere.map((tensor) => entryOf(tensor, 'location') ?? ''))];
  return Promise.all(
    paths.map(async (path) => {
      const data = await readBeside(model, path);
      if (isLfsPointer(data)) throw lfsFailure(join(dirname(model), path));
      const needed = Math.max(
        ...elsewhere.filter((tensor) => entryOf(tensor, 'location') === path).map(endOf),
      );
      if (data.byteLength < needed)
        throw new Failed(
          'modelInvalid',
          `The weights need ${needed} bytes, but ${path} has ${data.byteLength}.`,
          'Download it or export it again.',
        );
      return { path, data };
    }),
  );
};
