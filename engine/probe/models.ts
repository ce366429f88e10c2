import { resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { RunModels } from '../contract/calls';
import type { ModelInfo } from '../contract/model';
import type { SampleImage } from '../contract/sheet';
import { sampleRgb } from '../data/preview';
import { inspectModel } from '../models/inspect';
import type { Network } from '../models/network';
import { withRun } from './openRuns';
import type { ProbedNetwork } from './newestWeights';
import type { ProbedRun } from './probedRun';
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
    const { samples } = probed;
    const said = await withSample(probed, index, async (raw) => ({
      teacher: probed.teacher && (await predict(probed, probed.teacher, raw)),
      student: await predict(probed, probed.student, raw),
    }));
    return {
      index,
      count: samples.count,
      ...sampleRgb(samples, index),
      label: className(probed, samples.labels[index] ?? -1),
      ...said,
    };
  });

const predict = async (
  probed: ProbedRun,
  of: ProbedNetwork,
  raw: tf.Tensor,
): Promise<SampleImage['student']> => {
  const probabilities = tf.tidy(() =>
    tf.softmax(of.network.forward(raw, { taps: [], training: false }).logits),
  );
  const values = new Float32Array(await probabilities.data());
  probabilities.dispose();
  const best = values.indexOf(Math.max(...values));
  return { label: className(probed, best), probability: values[best] ?? NaN };
};

const className = ({ classes }: ProbedRun, which: number): string => classes[which] ?? `class ${which}`;
