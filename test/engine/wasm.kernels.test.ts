import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { KernelModule } from '../../engine/backend/wasm/kernelModule';
import { replaceKernel } from '../../engine/backend/wasm/replaceKernel';
import { selfTest } from '../../engine/backend/wasm/selfTest';
import { cases, values, type Case } from '../fixtures/wasmCases';
import { expectSame, outcomes, type Outcome } from '../fixtures/wasmOutcomes';

describe('the wasm backend', () => {
  const expected = new Map<string, Outcome[]>();
  beforeAll(async () => {
    await useBackend('cpu');
    for (const [name, one] of Object.entries(cases)) expected.set(name, outcomes(one));
    await useBackend('wasm');
  });

  it.each(Object.keys(cases))('has the value and the gradients of cpu: %s', (name) => {
    expectSame(outcomes(cases[name] as Case), expected.get(name) as Outcome[]);
  });

  it.each(Object.keys(cases).filter((name) => name.includes('in tiles')))('%s: by Winograd', (name) => {
    const ran = vi.spyOn(KernelModule.prototype, 'run');
    outcomes(cases[name] as Case);
    const names = ran.mock.calls.map(([kernel]) => kernel);
    ran.mockRestore();
    expect(names).toContain('winograd');
    expect(names).not.toContain('convolve');
    expect(names).not.toContain('filterGradient');
  });

  it('keeps no tensor and no memory for what it computed', () => {
    const backend = tf.backend() as unknown as { numDataIds(): number };
    const before = [tf.memory().numTensors, backend.numDataIds()];
    for (const one of Object.values(cases)) outcomes(one);
    expect([tf.memory().numTensors, backend.numDataIds()]).toEqual(before);
  });

  it('says when its memory is full, and goes on', () => {
    expect(() => tf.fill([2 ** 15, 2 ** 15], 1)).toThrow(expect.objectContaining({ code: 'outOfMemory' }));
    expect(tf.sum(tf.ones([3])).dataSync()[0]).toBe(3);
  });

  it.each(['convolution that threads share', 'convolution in several rounds of tiles'])(
    'repeats bit for bit however threads share the work: %s',
    (name) => {
      const shared = cases[name] as Case;
      const first = outcomes(shared);
      for (let run = 0; run < 20; run++) expect(outcomes(shared)).toEqual(first);
    },
  );
});

describe('gradients on the wasm backend, by finite differences', () => {
  beforeEach(async () => {
    await useBackend('wasm');
  });

  // Where cpu's own gradient is wrong it cannot be the measure.
  it.each([
    'convolution 3x3, stride 2',
    'convolution in tiles',
    'convolution in tiles, valid',
    'depthwise convolution, multiplier 3',
    'max pooling of negative values',
  ])('%s', (name) => {
    const { shapes, compute } = cases[name] as Case;
    const inputs = shapes.map((shape, index) => values(shape, index + 31));
    const directions = shapes.map((shape, index) => values(shape, index + 41));
    const weights = values(compute(...inputs).shape, 51);
    const loss = (...given: tf.Tensor[]) => tf.sum(tf.mul(compute(...given), weights));
    const at = (step: number): number =>
      loss(
        ...inputs.map((x, index) => tf.add(x, tf.mul(directions[index] as tf.Tensor, step))),
      ).dataSync()[0] ?? NaN;
    const step = 2e-3;
    const wanted = (at(step) - at(-step)) / (2 * step);
    const got = tf
      .grads(loss)(inputs)
      .map((gradient, index) => tf.sum(tf.mul(gradient, directions[index] as tf.Tensor)).dataSync()[0] ?? NaN)
      .reduce((sum, part) => sum + part, 0);
    expect(Math.abs(got - wanted)).toBeLessThan(2e-2 * Math.max(1, Math.abs(wanted)));
  });
});

describe('the self-test', () => {
  beforeEach(async () => {
    await useBackend('wasm');
  });

  it('passes and keeps no tensor', () => {
    const before = tf.memory().numTensors;
    expect(selfTest).not.toThrow();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    ['MaxPoolGrad', 'input', 'max pooling'],
    ['Conv2DBackpropFilter', 'x', 'convolution by its filter'],
    ['BatchNormTrainingGrad', 'x', 'batch normalisation'],
  ])('finds a wrong %s', (kernelName, input, title) => {
    const right = tf.getKernel(kernelName, 'wasm');
    replaceKernel(kernelName, (stock) => (call) => {
      const outputs = [stock(call)].flat();
      for (const output of outputs) call.floats(output)[0] = (call.floats(call.input(input))[0] ?? 0) + 9;
      return outputs.length === 1 ? (outputs[0] as tf.TensorInfo) : outputs;
    });
    try {
      expect(selfTest).toThrow(`its ${title} came out wrong`);
    } finally {
      tf.unregisterKernel(kernelName, 'wasm');
      tf.registerKernel(right);
    }
  });
});
