import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { runFiles } from '../../engine/contract/run';
import { layersModelClass, topologyLimit } from '../models/layersModelFile';
import { findModels } from '../models/modelFinder';
import { languageOf } from '../models/syntax';
import type { Run } from '../runs/runFolder';
import { exists } from '../runs/runFolder';
import type { ModelChoice } from './recipeDraft';

const codePattern = '**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}';
const topologyPattern = '**/*.json';
const filePattern = '**/{*.keras,*.h5,*.hdf5,*.onnx,saved_model.pb}';
const excluded = '**/{node_modules,dist,build,out,.retort,.git,.vscode}/**';
const mostFiles = 1000;
const largestCode = 512 * 1024;

const readSmall = async (file: string, limit: number): Promise<string> => {
  const size = await stat(file).then(
    (found) => found.size,
    () => Infinity,
  );
  return size > limit ? '' : readFile(file, 'utf8').catch(() => '');
};

const inChunks = async <T>(files: vscode.Uri[], read: (file: string) => Promise<T[]>): Promise<T[]> => {
  const found: T[] = [];
  for (let at = 0; at < files.length; at += 16)
    found.push(...(await Promise.all(files.slice(at, at + 16).map((uri) => read(uri.fsPath)))).flat());
  return found;
};

/** Models that code of the workspace gives out. */
export const codeModels = async (): Promise<ModelChoice[]> =>
  inChunks(await vscode.workspace.findFiles(codePattern, excluded, mostFiles), async (file) => {
    const language = languageOf(file);
    if (!language || file.endsWith('.d.ts')) return [];
    return findModels(await readSmall(file, largestCode), language).flatMap(({ name, exportName }) =>
      exportName === null ? [] : [{ file, exportName, label: name === 'default' ? stem(file) : name }],
    );
  });

export const stem = (file: string): string => basename(file).replace(/\.[^.]+$/, '');

/** `model.json` and `saved_model.pb` say nothing; their folder does. */
export const fileLabel = (file: string): string =>
  /^(model|saved_model)$/.test(stem(file)) ? basename(dirname(file)) : stem(file);

/** Layers-models of the workspace. */
const topologyModels = async (): Promise<ModelChoice[]> =>
  inChunks(await vscode.workspace.findFiles(topologyPattern, excluded, mostFiles), async (file) =>
    layersModelClass(await readSmall(file, topologyLimit))
      ? [{ file, exportName: null, label: fileLabel(file) }]
      : [],
  );

/** Models of Keras, ONNX and TensorFlow, which their names tell; a SavedModel is its folder. */
const namedModels = async (): Promise<ModelChoice[]> =>
  (await vscode.workspace.findFiles(filePattern, excluded, mostFiles)).map(({ fsPath }) => ({
    file: basename(fsPath) === 'saved_model.pb' ? dirname(fsPath) : fsPath,
    exportName: null,
    label: fileLabel(fsPath),
  }));

/** Model files of the workspace. */
export const fileModels = async (): Promise<ModelChoice[]> =>
  (await Promise.all([topologyModels(), namedModels()])).flat();

/** Teachers that earlier runs trained. */
export const trainedTeachers = async (runs: readonly Run[]): Promise<ModelChoice[]> => {
  const choices = runs.map(async (run): Promise<ModelChoice[]> => {
    const file = join(run.folder, runFiles.teacher, 'model.json');
    return (await exists(file)) ? [{ file, exportName: null, label: `Teacher of ${run.name}` }] : [];
  });
  return (await Promise.all(choices)).flat();
};
