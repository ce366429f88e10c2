import { resolve } from 'node:path';
import { useBackend } from '../backend/choose';
import type { LayerInfo, ModelInfo } from '../contract/model';
import type { LayerProfile, ModelProfile, ProfileComparison } from '../contract/profile';
import type { Recipe } from '../contract/recipe';
import { formatBytes, formatLatency, formatShare, formatTimes } from '../export/quantity';
import { compareModels } from '../profile/compare';
import { formatOpening } from './opening';

type Document = Omit<ModelInfo, 'layers'> &
  Omit<ModelProfile, 'model' | 'layers'> & { layers: (LayerProfile & LayerInfo)[] };

/** One model's figures as one document: what it is, and what it costs. */
const documentOf = ({ model, layers, ...costs }: ModelProfile): Document => ({
  ...model,
  ...costs,
  layers: layers.map((layer, index) => ({ ...model.layers[index], ...layer })),
});

/** The JSON document of a comparison: the student's figures, then what stands beside them. */
export const comparisonDocument = ({ student, teacher, ratios, limits }: ProfileComparison): object => ({
  ...documentOf(student),
  limits,
  ...(teacher ? { teacher: documentOf(teacher), ratios } : {}),
});

export interface ProfileOptions {
  teacher?: string;
  /** A model file whose weights the model starts from. */
  weights?: string;
}

/** Opens and measures a model file or `file#export`, beside its teacher where one is named. */
export const profileFor = async (
  model: string,
  { teacher, weights, backend }: ProfileOptions & { backend: Recipe['backend'] },
): Promise<ProfileComparison> => {
  const chosen = await useBackend(backend);
  const above = teacher === undefined ? null : resolve(teacher);
  return compareModels(above, resolve(model), chosen, weights === undefined ? null : resolve(weights));
};

const grouped = (value: number): string => value.toLocaleString('en-US');

/** Rows as aligned columns; those from `firstNumber` on stand to the right. */
const table = (rows: readonly (readonly string[])[], firstNumber: number): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < firstNumber ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
};

const header = ['layer', 'kind', 'output', 'parameters', 'MACs', 'activations', 'time', 'share', 'sees'];

const layerRows = ({ model, layers }: ModelProfile): string[][] => {
  const isUncounted = (name: string): boolean =>
    (model.uncounted ?? []).some((one) => one === name || one.startsWith(`${name}/`));
  return layers.map((layer) => [
    layer.name,
    layer.kind,
    `[${layer.shape.join(', ')}]`,
    grouped(layer.parameters),
    isUncounted(layer.name) ? 'unknown' : grouped(layer.macs),
    formatBytes(layer.activationBytes),
    layer.latency ? formatLatency(layer.latency) : '–',
    layer.share === null ? '–' : formatShare(layer.share),
    layer.receptiveField === null ? 'all' : grouped(layer.receptiveField),
  ]);
};

const layerTable = (profile: ModelProfile): string[] => {
  const { model, latency } = profile;
  const total = ['total', '', '', grouped(model.parameters), grouped(model.macs), '', formatLatency(latency)];
  return table([header, ...layerRows(profile), total], 3);
};

const peakText = ({ peakActivationBytes: bytes }: ModelProfile): string =>
  bytes > 0 ? formatBytes(bytes) : '–';

const totals = (profile: ModelProfile): string[] => {
  const { model, sizes, backend } = profile;
  return [
    `weights  ${formatBytes(sizes.float32)} in float32, ${formatBytes(sizes.float16)} in float16, ${formatBytes(sizes.int8)} in int8`,
    `memory   ${peakText(profile)} of activations at once, at most`,
    `time     one sample on ${backend.name} (${backend.description}), operation by operation`,
    ...(model.uncounted ? [`unknown  multiply-accumulates of ${model.uncounted.join(', ')}`] : []),
    ...(model.opening ? formatOpening(model.opening).split('\n') : []),
  ];
};

const besideTeacher = (student: ModelProfile, teacher: ModelProfile): string[] => {
  const row = (what: string, of: (one: ModelProfile) => number, text: (one: ModelProfile) => string) => [
    what,
    text(student),
    text(teacher),
    formatTimes(of(teacher), of(student)),
  ];
  const rows = [
    ['', 'student', 'teacher', 'smaller'],
    row(
      'parameters',
      ({ model }) => model.parameters,
      ({ model }) => grouped(model.parameters),
    ),
    row(
      'MACs',
      ({ model }) => model.macs,
      ({ model }) => grouped(model.macs),
    ),
    row(
      'time',
      ({ latency }) => latency.median,
      ({ latency }) => formatLatency(latency),
    ),
    row(
      'float32',
      ({ sizes }) => sizes.float32,
      ({ sizes }) => formatBytes(sizes.float32),
    ),
    row('memory', ({ peakActivationBytes }) => peakActivationBytes, peakText),
  ];
  return ['', ...table(rows, 1)];
};

/** Layers, totals, the teacher beside them, and what to cut next, for a terminal. */
export const formatComparison = ({ student, teacher, limits }: ProfileComparison): string =>
  [
    ...layerTable(student),
    '',
    ...totals(student),
    ...(teacher ? besideTeacher(student, teacher) : []),
    ...(limits.length > 0 ? ['', 'What limits it:', ...limits.map(({ sentence }) => `- ${sentence}`)] : []),
  ].join('\n');
