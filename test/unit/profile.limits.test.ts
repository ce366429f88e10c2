import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LayerProfile } from '../../engine/contract/profile';
import { networkOf } from '../../engine/models/layersNetwork';
import { limitsOf } from '../../engine/profile/limits';
import { modelMacs } from '../../engine/profile/macs';
import { overheads } from '../../engine/profile/overhead';
import { profileNetwork, type Profiled } from '../../engine/profile/profile';
import { tooMuch } from '../../engine/profile/tooMuch';
import { Widths } from '../../engine/profile/widths';

beforeAll(() => tf.setBackend('cpu'));

type Symbolic = tf.SymbolicTensor;
const apply = (layer: tf.layers.Layer, ...inputs: Symbolic[]): Symbolic =>
  layer.apply(inputs.length > 1 ? inputs : (inputs[0] as Symbolic)) as Symbolic;
const conv = (name: string, filters: number, kernelSize = 3) =>
  tf.layers.conv2d({ name, filters, kernelSize, padding: 'same' });

/** A stem and a residual branch that are added, a convolution beside them, and a head over both. */
const network = (widths: { tied: number; inner: number; beside: number }): tf.LayersModel => {
  const x = tf.input({ shape: [8, 8, 3] });
  const stem = apply(conv('stem', widths.tied), x);
  const inner = apply(tf.layers.reLU(), apply(conv('inner', widths.inner), stem));
  const sum = apply(tf.layers.add(), stem, apply(conv('back', widths.tied), inner));
  const beside = apply(conv('beside', widths.beside, 1), x);
  const both = apply(tf.layers.concatenate(), apply(tf.layers.batchNormalization(), sum), beside);
  const deep = apply(tf.layers.depthwiseConv2d({ name: 'deep', kernelSize: 3 }), both);
  const outputs = apply(tf.layers.dense({ name: 'head', units: 5 }), apply(tf.layers.flatten(), deep));
  return tf.model({ inputs: x, outputs });
};

const origin = { reference: 'test', format: 'code', locations: new Map() } as const;
const backend = { name: 'cpu', description: 'here', passedOver: [] } as const;
const full = { tied: 8, inner: 16, beside: 4 };

const profiled = async (model: tf.LayersModel): Promise<Profiled> => {
  const opened = networkOf(model, {}, origin);
  const found = await profileNetwork(opened, { ...backend, passedOver: [] });
  opened.dispose();
  return found;
};

const sentenceOf = (found: Profiled, layer: string): string =>
  limitsOf(found).find((limit) => limit.layer === layer)?.sentence ?? '';

describe('channels that belong together', () => {
  it('are found through additions, not through concatenation; the head stays', async () => {
    const { execution, channels } = await profiled(network(full));
    if (!execution) throw new Error('A layers model tells its steps.');
    const widths = new Widths(execution, channels);
    const names = [...widths.groups().values()].map((steps) =>
      steps.map((step) => execution.steps[step]?.layer).sort(),
    );
    expect(names.sort()).toEqual([['back', 'stem'], ['beside'], ['inner']]);
  });

  it.each([
    ['tied', 'stem'],
    ['inner', 'inner'],
    ['beside', 'beside'],
  ] as const)('halved as %s save what the smaller network lacks', async (group, maker) => {
    const found = await profiled(network(full));
    const { execution, channels, profile } = found;
    if (!execution) throw new Error('A layers model tells its steps.');
    const widths = new Widths(execution, channels);
    const [root] =
      [...widths.groups()].find(([, steps]) =>
        steps.some((step) => execution.steps[step]?.layer === maker),
      ) ?? [];
    const left = execution.steps.reduce((sum, { layer }, index) => {
      const macs = profile.layers.find(({ name }) => name === layer)?.macs ?? 0;
      return sum + macs * widths.halved(root ?? -1, index).work;
    }, 0);
    expect(left).toBe(modelMacs(network({ ...full, [group]: full[group] / 2 })).macs);
  });
});

describe('what limits a network', () => {
  it('is said with the layers that must change together, worst first', async () => {
    const found = await profiled(network(full));
    const limits = limitsOf(found);
    expect(limits.length).toBeGreaterThan(0);
    expect(new Set(limits.map(({ sentence }) => sentence)).size).toBe(limits.length);
    const inner = sentenceOf(found, 'inner');
    expect(inner).toMatch(
      /^inner takes \d+ % of the time for \d+ % of the parameters: halving its 16 channels would save/,
    );
    // Half of inner's and of back's multiply-accumulates.
    const saved = (0.5 * 2 * 9 * 8 * 16 * 64) / found.profile.model.macs;
    expect(inner).toContain(`${Math.round(saved * 100)} % of the multiply-accumulates`);
    const tied = sentenceOf(found, 'stem') || sentenceOf(found, 'back');
    expect(tied).toMatch(/halving its 8 channels, with those of (stem|back) that they are added to, would/);
  });

  it('is nothing where no width can be cut', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] });
    expect(limitsOf(await profiled(model)).every(({ sentence }) => !sentence.includes('halving'))).toBe(true);
  });
});

describe('a student beside its teacher', () => {
  const ratios = { parameters: 0.2, macs: 0.3, latency: 0.4, bytes: 0.2, peak: 0.5 };

  it('is told of what it does not save, with the layer that has most of it', async () => {
    const { profile } = await profiled(network(full));
    expect(tooMuch(profile, null)).toEqual([]);
    expect(tooMuch(profile, ratios)).toEqual([]);
    const found = tooMuch(profile, { ...ratios, parameters: 1.5, peak: 0.95 });
    const held = profile.layers.find(({ name }) => name === 'head')?.parameters ?? 0;
    const share = Math.round((held / profile.model.parameters) * 100);
    expect(found).toEqual([
      {
        layer: 'head',
        sentence: `The student’s parameters are 1.50 times the teacher’s: head holds ${share} % of its parameters.`,
      },
      {
        layer: 'inner',
        sentence: expect.stringMatching(/^The student’s peak memory is 0\.95 times .* inner /),
      },
    ]);
    expect(tooMuch(profile, { ...ratios, latency: 2 })[0]?.sentence).toMatch(
      /^The student’s time is 2\.00 times the teacher’s: \w+ takes \d+ % of its time\.$/,
    );
  });
});

describe('the time that a call takes whatever its size', () => {
  const layer = (name: string, kind: string, macs: number, median: number): LayerProfile => ({
    name,
    kind,
    shape: [1],
    parameters: 0,
    macs,
    activationBytes: 4,
    latency: { median, spread: 0 },
    share: 0,
    receptiveField: null,
  });

  it('is what stays of a kind when its work goes to nothing', () => {
    // 0.1 ms for the call and 1 ms for a million.
    const found = overheads([
      layer('small', 'Conv2D', 100_000, 0.2),
      layer('large', 'Conv2D', 1_000_000, 1.1),
      layer('act', 'ReLU', 0, 0.02),
    ]);
    expect(found.get('small')).toBeCloseTo(0.1);
    expect(found.get('large')).toBeCloseTo(0.1);
    expect(found.get('act')).toBeCloseTo(0.02);
  });

  it('is that of the quickest layer where a kind has one size only', () => {
    const found = overheads([
      layer('one', 'Conv2D', 1_000_000, 1),
      layer('two', 'Conv2D', 1_000_000, 1.2),
      layer('act', 'ReLU', 0, 0.02),
    ]);
    expect(found.get('two')).toBeCloseTo(0.02);
  });
});
