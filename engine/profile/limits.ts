import type { LayerProfile, ProfileComparison } from '../contract/profile';
import { peakMemory } from './memory';
import { overheads } from './overhead';
import type { Profiled } from './profile';
import type { Execution } from '../models/execution';
import { Widths } from './widths';

/** Shares of the network, from 0 to 1. */
interface Saving {
  time: number;
  macs: number;
  weights: number;
  peak: number;
}

/** Layers whose channels can be narrowed together, and what halving them saves. */
interface Cut {
  layers: LayerProfile[];
  saving: Saving;
}

const mostCuts = 3;
const worthwhile = 0.02;
const mostOverhead = 0.5;

const total = (layers: readonly LayerProfile[], of: (layer: LayerProfile) => number): number =>
  layers.reduce((sum, layer) => sum + of(layer), 0);

/** By layer, what is left of its work: the mean over its steps. */
const workLeft = ({ steps }: Execution, widths: Widths, group: number): Map<string, number> => {
  const left = new Map<string, number[]>();
  steps.forEach(({ layer }, index) => {
    if (layer !== null) left.set(layer, [...(left.get(layer) ?? []), widths.halved(group, index).work]);
  });
  return new Map(
    [...left].map(([layer, all]) => [layer, all.reduce((sum, one) => sum + one, 0) / all.length]),
  );
};

const savingOf = (profiled: Profiled, execution: Execution, widths: Widths, group: number): Saving => {
  const { layers, peakActivationBytes } = profiled.profile;
  const left = workLeft(execution, widths, group);
  const fixed = overheads(layers);
  const saved = (of: (layer: LayerProfile) => number): number => {
    const all = total(layers, of);
    return all > 0 ? total(layers, (layer) => of(layer) * (1 - (left.get(layer.name) ?? 1))) / all : 0;
  };
  const time = ({ name, latency }: LayerProfile): number => (latency?.median ?? 0) - (fixed.get(name) ?? 0);
  const allTime = total(layers, ({ latency }) => latency?.median ?? 0);
  const bytes = profiled.bytes.map((size, index) => size * widths.halved(group, index).output);
  return {
    time: allTime > 0 ? (saved(time) * total(layers, time)) / allTime : 0,
    macs: saved(({ macs }) => macs),
    weights: saved(({ parameters }) => parameters),
    peak: peakActivationBytes > 0 ? 1 - peakMemory(execution, bytes) / peakActivationBytes : 0,
  };
};

const scoreOf = ({ time, macs, weights, peak }: Saving): number => (time + macs + weights + peak) / 4;

const cutsOf = (profiled: Profiled, execution: Execution): Cut[] => {
  const byName = new Map(profiled.profile.layers.map((layer) => [layer.name, layer]));
  const widths = new Widths(execution, profiled.channels);
  return [...widths.groups()]
    .map(([group, steps]) => ({
      layers: [...new Set(steps.map((step) => execution.steps[step]?.layer ?? ''))]
        .flatMap((name) => byName.get(name) ?? [])
        .sort((one, other) => (other.share ?? other.macs) - (one.share ?? one.macs)),
      saving: savingOf(profiled, execution, widths, group),
    }))
    .filter(({ layers, saving }) => layers.length > 0 && scoreOf(saving) >= worthwhile)
    .sort((one, other) => scoreOf(other.saving) - scoreOf(one.saving))
    .slice(0, mostCuts);
};

const percent = (share: number): string => {
  const points = Math.round(share * 100);
  return points === 0 && share > 0 ? 'under 1 %' : `${points} %`;
};

const listed = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;

const tiedText = (others: readonly LayerProfile[]): string => {
  const names = others.map(({ name }) => name);
  if (names.length === 0) return '';
  const shown = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} more`] : names;
  return `, with those of ${listed(shown)} that they are added to,`;
};

const savedText = ({ time, macs, weights, peak }: Saving): string => {
  const shares: [string, number][] = [
    ['of the time', time],
    ['of the multiply-accumulates', macs],
    ['of the parameters', weights],
    ['of the peak memory', peak],
  ];
  return listed(
    shares.filter(([, share]) => share >= 0.005).map(([what, share]) => `${percent(share)} ${what}`),
  );
};

const cutSentence = ({ layers, saving }: Cut, { profile }: Profiled): ProfileComparison['limits'] => {
  const [worst, ...others] = layers;
  if (!worst) return [];
  const { model } = profile;
  const takes =
    worst.share === null
      ? `does ${percent(worst.macs / Math.max(model.macs, 1))} of the multiply-accumulates`
      : `takes ${percent(worst.share)} of the time`;
  const holds = `for ${percent(worst.parameters / Math.max(model.parameters, 1))} of the parameters`;
  const channels = worst.shape.at(-1) ?? 0;
  const sentence = `${worst.name} ${takes} ${holds}: halving its ${channels} channels${tiedText(others)} would save about ${savedText(saving)}.`;
  return [{ layer: worst.name, sentence }];
};

/** Small networks spend their time in calls. */
const overheadSentence = ({ profile }: Profiled): ProfileComparison['limits'] => {
  const { layers, backend } = profile;
  const timed = layers.filter(({ latency }) => latency !== null);
  const [slowest] = [...timed].sort((one, other) => (other.share ?? 0) - (one.share ?? 0));
  const fixed = overheads(layers);
  const share =
    total(timed, ({ name }) => fixed.get(name) ?? 0) / total(timed, ({ latency }) => latency?.median ?? 0);
  if (!slowest || !(share > mostOverhead)) return [];
  const sentence = `About ${percent(share)} of the time on ${backend.name} goes into calling ${timed.length} layers, whatever their size: fewer layers would save more time than narrower ones.`;
  return [{ layer: slowest.name, sentence }];
};

/**
 * What limits a network, worst first: the layers whose channels are worth halving, by what that would save in time,
 * multiply-accumulates, weights and peak memory together; then what calling its layers costs, where that is most.
 */
export const limitsOf = (profiled: Profiled): ProfileComparison['limits'] => {
  const { execution } = profiled;
  if (!execution) return [];
  return [
    ...cutsOf(profiled, execution).flatMap((cut) => cutSentence(cut, profiled)),
    ...overheadSentence(profiled),
  ];
};
