import { resolve } from 'node:path';
import { proposePairs } from '../adapters/propose';
import { useBackend } from '../backend/choose';
import type { MethodInfo, ModelInfo } from '../contract/model';
import type { Pair, Recipe } from '../contract/recipe';
import { inspectModel } from '../models/inspect';
import { formatOpening } from './opening';

/** Opens a model file or `file#export` and describes it. */
export const profileModel = async (reference: string, backend: Recipe['backend']): Promise<ModelInfo> => {
  await useBackend(backend);
  return inspectModel(resolve(reference));
};

/** Layer pairs for two models. */
export const proposeFor = async (
  teacher: string,
  student: string,
  backend: Recipe['backend'],
): Promise<Pair[]> => {
  await useBackend(backend);
  return proposePairs(await inspectModel(resolve(teacher)), await inspectModel(resolve(student)));
};

const columns = ['layer', 'kind', 'output', 'parameters', 'MACs'] as const;
const grouped = (value: number): string => value.toLocaleString('en-US');

/** The layers as aligned columns for a terminal. */
export const formatProfile = (info: ModelInfo): string => {
  const rows = info.layers.map((layer) => [
    layer.name,
    layer.kind,
    `[${layer.shape.join(', ')}]`,
    grouped(layer.parameters),
    grouped(layer.macs),
  ]);
  const all = [[...columns], ...rows, ['total', '', '', grouped(info.parameters), grouped(info.macs)]];
  const widths = columns.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) =>
    row
      .map((cell, column) =>
        column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  const report = info.opening ? [formatOpening(info.opening)] : [];
  return [...all.map(line), ...report].join('\n');
};

export const formatPairs = (pairs: readonly Pair[]): string =>
  ['teacher -> student', ...pairs.map((pair) => `${pair.teacher} -> ${pair.student}`)].join('\n');

export const formatMethods = (methods: readonly MethodInfo[]): string =>
  methods.map((one) => `${one.id.padEnd(10)} ${one.summary}\n${' '.repeat(11)}${one.source}`).join('\n');
