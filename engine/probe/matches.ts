import type * as tf from '@tensorflow/tfjs';
import { resolvePairs } from '../adapters/resolvePairs';
import type { Adapter, Prepared, ResolvedPair } from '../methods/method';
import { findMethod } from '../methods/registry';
import { labelsOf, prepareTerm, type Opened } from '../run/prepare';

/** A pair of a run's losses, with the module that it is trained through. */
export interface Match {
  method: string;
  pair: ResolvedPair;
  adapter: Adapter | null;
  /** The adapter's variables by their names in a checkpoint. */
  variables: ReadonlyMap<string, tf.Variable>;
}

/** Every pair that a run's losses match, its adapter as it is before the first step. */
export const openMatches = async (opened: Opened): Promise<Match[]> => {
  const { losses } = opened.frozen.recipe;
  const labels = labelsOf(losses);
  const [teacher] = opened.teachers;
  const matches: Match[] = [];
  for (const [index, options] of losses.entries()) {
    const method = findMethod(options.method);
    if (method.pairs === 'none' || !teacher) continue;
    const term = await prepareTerm(opened, options, index, labels[index] ?? options.method);
    const adapters = term.prepared.adapters ?? [];
    keepOnly(term.prepared, new Set(adapters.flatMap(({ adapter }) => variablesOf(adapter))));
    const plain = resolvePairs(options.pairs, teacher.info, opened.student.info, method);
    const pairs = adapters.length > 0 ? adapters : plain.map((pair) => ({ pair, adapter: null }));
    for (const { pair, adapter } of pairs) {
      const variables = adapter ? namedVariables(term.group, term.prepared, adapter) : new Map();
      matches.push({ method: options.method, pair, adapter, variables });
    }
  }
  return matches;
};

const variablesOf = (adapter: Adapter): tf.Variable[] => [
  ...adapter.variables.values(),
  ...(adapter.statistics ?? new Map<string, tf.Variable>()).values(),
];

const declared = (prepared: Prepared): [string, tf.Variable][] => [
  ...(prepared.variables ?? []),
  ...(prepared.memory ?? []),
  ...(prepared.stages ?? []).flatMap(({ variables }) => [...variables]),
];

/** As a checkpoint names them: the loss's group, then the name that the method declares them under. */
const namedVariables = (group: string, prepared: Prepared, adapter: Adapter): Map<string, tf.Variable> => {
  const own = new Set(variablesOf(adapter));
  return new Map(
    declared(prepared)
      .filter(([, variable]) => own.has(variable))
      .map(([name, variable]) => [`${group}/${name}`, variable]),
  );
};

/** Memories, heads and peers may be large, and nothing here reads them. */
const keepOnly = (prepared: Prepared, kept: ReadonlySet<tf.Variable>): void => {
  for (const [, variable] of declared(prepared)) if (!kept.has(variable)) variable.dispose();
  for (const network of prepared.networks?.values() ?? []) network.dispose();
};
