import { resolve } from 'node:path';
import { proposePairs } from '../adapters/propose';
import { useBackend } from '../backend/choose';
import type { Pair, Recipe } from '../contract/recipe';
import { inspectModel } from '../models/inspect';

/** Layer pairs for two models. */
export const proposeFor = async (
  teacher: string,
  student: string,
  backend: Recipe['backend'],
): Promise<Pair[]> => {
  await useBackend(backend);
  return proposePairs(await inspectModel(resolve(teacher)), await inspectModel(resolve(student)));
};

export const formatPairs = (pairs: readonly Pair[]): string =>
  ['teacher -> student', ...pairs.map((pair) => `${pair.teacher} -> ${pair.student}`)].join('\n');
