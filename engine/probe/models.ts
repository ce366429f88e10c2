import { resolve } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import type { RunModels } from '../contract/calls';
import type { ModelInfo } from '../contract/model';
import type { SampleImage } from '../contract/sheet';
import { sampleRgb } from '../data/preview';
import { inspectModel } from '../models/inspect';
import type { Network } from '../models/network';
import { withRun } from './openRuns';
import type { ProbedNetwork } from './newestWeights';
import { saidWords, wantedWords, type Facts } from './said';
import { withSample } from './sample';

/** The networks of a run, with where their layers are defined now, and which layers its losses match. */
export const runModels = (run: string): Promise<RunModels> =>
  withRun(run, async (probed) => {
    const { recipe, base } = probed.frozen;
    const located = (network: Network, model: string | undefined): Promise<ModelInfo> =>
      model === undefined ? Promise.resolve(network.info) : withLocations(network.info, resolve(base, model));
    return {
      teacher: probed.teacher && (await located(probed.teacher.network, recipe.teacher?.[0]?.model)),
      student: await located(probed.student.network, recipe.student.model),
      pairs: probed.matches.map(({ method, pair, adapter }) => ({
        method,
        teacher: pair.teacher,
        student: pair.student,
        adapter: adapter?.kind ?? 'none',
      })),
      classes: [...probed.classes],
      samples: probed.samples.count,
    };
  });

/**
 * What the run saved of a model knows no lines of code, so they are taken from the model as its code stands now. Code
 * that no longer works, or layers that it no longer has, only cost the lines.
 */
const withLocations = async (info: ModelInfo, reference: string): Promise<ModelInfo> => {
  const current = await inspectModel(reference).catch(() => null);
  if (!current) return { ...info, reference };
  const locations = new Map(current.layers.map((layer) => [layer.name, layer.location]));
  return {
    ...info,
    reference,
    name: current.name,
    format: current.format,
    layers: info.layers.map((layer) => {
      const location = layer.location ?? locations.get(layer.name);
      return location ? { ...layer, location } : layer;
    }),
  };
};

/** The picture of one sample of the validation split, its class, and what both networks say of it. */
export const readSample = (run: string, index: number): Promise<SampleImage> =>
  withRun(run, async (probed) => {
    const { samples, classes, outputs, frozen } = probed;
    const facts: Facts = { task: frozen.recipe.task, classes, outputs, samples };
    const say = ({ network }: ProbedNetwork, raw: tf.Tensor): SampleImage['student'] =>
      saidWords(facts, index, network, raw);
    const said = await withSample(probed, index, (raw) => ({
      teacher: probed.teacher && say(probed.teacher, raw),
      student: say(probed.student, raw),
    }));
    return {
      index,
      count: samples.count,
      ...sampleRgb(samples, index),
      label: wantedWords(facts, index),
      ...said,
    };
  });
