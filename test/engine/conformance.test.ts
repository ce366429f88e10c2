import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { Failed } from '../../engine/contract/failure';
import { methods } from '../../engine/methods/registry';
import { Random, withSeed } from '../../engine/random';
import { callKernel, recordKernels, release, type Held, type KernelCase } from '../fixtures/kernelCases';
import { networkOf } from '../fixtures/tinyNetwork';
import { startRun, tinyClasses, tinyNetwork } from '../fixtures/tinyRun';

/** What users' models are made of, beside what the methods' small networks have. */
const variedNetwork = () => {
  const image = tf.input({ shape: [8, 8, 1] });
  const layers = [
    tf.layers.separableConv2d({ filters: 4, kernelSize: 3, padding: 'same', depthMultiplier: 2 }),
    tf.layers.batchNormalization(),
    tf.layers.leakyReLU(),
    tf.layers.averagePooling2d({ poolSize: 2, padding: 'same' }),
    tf.layers.upSampling2d({ size: [2, 2] }),
    tf.layers.conv2d({ filters: 3, kernelSize: 3, activation: 'elu' }),
    tf.layers.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 2, activation: 'sigmoid' }),
    tf.layers.zeroPadding2d({ padding: 1 }),
    tf.layers.maxPooling2d({ poolSize: 3, strides: 2 }),
    tf.layers.prelu(),
    tf.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', activation: 'tanh' }),
    tf.layers.reLU({ maxValue: 6 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 5, activation: 'softplus' }),
    tf.layers.layerNormalization(),
    tf.layers.dense({ units: tinyClasses }),
  ];
  const outputs = layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, image);
  return networkOf(tf.model({ inputs: image, outputs }), 'varied');
};

/** A step of every method, and one of plain training on a network of many kinds of layers. */
const everyStep = async (): Promise<void> => {
  const task = methods.find(({ id }) => id === 'task');
  for (const method of methods) {
    const run = await startRun(
      method,
      [tinyNetwork(method, 'teacher', 5)],
      tinyNetwork(method, 'student', 2),
    );
    run.step();
  }
  if (task) (await startRun(task, [], withSeed('conformance', variedNetwork))).step();
};

const read = (tensors: readonly tf.Tensor[]): Held[] =>
  tensors.map((tensor) => ({
    shape: tensor.shape,
    dtype: tensor.dtype as Held['dtype'],
    values: [...tensor.dataSync()],
  }));

/** Runs `work` and disposes of its tensors; gives what is no tensor. */
const tidied = <T>(work: () => T): T => {
  const holder: { result?: T } = {};
  tf.tidy(() => {
    holder.result = work();
  });
  return holder.result as T;
};

const valuesOf = (one: KernelCase): Held[] => tidied(() => read(callKernel(one)));

/** tfjs's own kernel is wrong for every sample but a batch's first, as finite differences show. */
const wrongOnCpu = ['ResizeNearestNeighborGrad'];
const wrongGradientOnCpu = ['ResizeNearestNeighbor'];
/** Their gradients, in tfjs, are for inputs of one shape; the engine gives them a constant as the second. */
const ofFirstInput = ['Maximum', 'Minimum'];

await useBackend('cpu');
const recorded = await recordKernels(everyStep);
const cases = recorded.map((one) => ({ ...one, wanted: valuesOf(one) }));
const kernels = [...new Set(cases.map(({ kernel }) => kernel))].sort();

/** Why each backend that cannot be had on this machine is left out. */
const backends: ['cpu' | 'wasm' | 'tensorflow', string | null][] = [];
for (const name of ['cpu', 'wasm', 'tensorflow'] as const) {
  try {
    await useBackend(name);
    backends.push([name, null]);
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    backends.push([name, error.message]);
    console.log(`Conformance of ${name} is not tried: ${error.message}`);
  }
}

const expectSame = (one: KernelCase, got: readonly Held[], wanted: readonly Held[]): void => {
  expect(
    got.map(({ shape, dtype }) => [dtype, ...shape]),
    one.name,
  ).toEqual(wanted.map(({ shape, dtype }) => [dtype, ...shape]));
  got.forEach(({ values, dtype }, index) => {
    const other = wanted[index]?.values ?? [];
    const largest = other.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const tolerance = dtype === 'float32' ? 2e-5 * Math.max(1e-3, largest) : 0;
    const apart = values.findIndex((value, at) => !(Math.abs(value - (other[at] as number)) <= tolerance));
    expect(apart < 0 ? '' : `${values[apart]} for ${other[apart]} at ${apart}`, one.name).toBe('');
  });
};

const floatsOf = (one: KernelCase): Held[] => {
  const floats = one.inputs.flatMap(([, held]) => (held?.dtype === 'float32' ? [held] : []));
  return ofFirstInput.includes(one.kernel) ? floats.slice(0, 1) : floats;
};

/**
 * How far each value is moved: in proportion to itself, so that none crosses zero, where many functions have a corner
 * or end; a zero is not moved.
 */
const directionOf = ({ shape, values }: Held, random: Random): Held => ({
  shape,
  dtype: 'float32',
  values: values.map((value) => Math.abs(value) * (2 * random.uniform() - 1)),
});

const sumProducts = (one: readonly number[], other: readonly number[]): number =>
  one.reduce((sum, value, index) => sum + value * (other[index] as number), 0);

/** The derivative of a weighted sum of a case's results along a random direction, by its gradient and by differences. */
const derivatives = (one: KernelCase) =>
  tidied(() => {
    const random = new Random(one.name);
    const inputs = floatsOf(one);
    const directions = inputs.map((held) => directionOf(held, random));
    const weights = valuesOf(one).map(({ values }) => values.map(() => random.normal()));
    const at = (step: number): number => {
      const moved = inputs.map((held, index) => {
        const direction = directions[index]?.values ?? [];
        return release({
          ...held,
          values: held.values.map((value, place) => value + step * (direction[place] ?? 0)),
        });
      });
      const results = read(callKernel(one, moved));
      return results.reduce((sum, { values }, index) => sum + sumProducts(values, weights[index] ?? []), 0);
    };
    const weighted = (...given: tf.Tensor[]): tf.Tensor =>
      tf.addN(
        callKernel(one, given).map((result, index) => {
          const weight = tf.tensor(weights[index] ?? [], result.shape);
          return tf.sum(tf.mul(result.toFloat(), weight));
        }),
      );
    const gradients = read(tf.grads(weighted)(inputs.map(release)));
    const parts = gradients.flatMap(({ values }, index) =>
      values.map((value, place) => value * (directions[index]?.values[place] ?? 0)),
    );
    const step = 1e-3;
    const [before, here, after] = [at(-step), at(0), at(step)];
    return {
      byGradient: parts.reduce((sum, part) => sum + part, 0),
      byDifferences: (after - before) / (2 * step),
      /** Large at a corner, such as two equal values of which the larger is taken. */
      bend: Math.abs(after - 2 * here + before) / step,
      scale: parts.reduce((sum, part) => sum + Math.abs(part), 1e-4),
    };
  });

const differentiated = cases.filter(
  (one) => one.isDifferentiated && tf.getGradient(one.kernel) && floatsOf(one).length > 0,
);

it('the steps of all methods were recorded', () => {
  expect(recorded.length).toBeGreaterThan(300);
  expect(kernels).toEqual(expect.arrayContaining(['Conv2D', 'Conv2DBackpropFilter', 'MaxPoolGrad']));
  expect(new Set(differentiated.map(({ kernel }) => kernel)).size).toBeGreaterThan(30);
});

const differentiatedOn = (name: string): string[] =>
  [...new Set(differentiated.map(({ kernel }) => kernel))]
    .filter((kernel) => name !== 'cpu' || !wrongGradientOnCpu.includes(kernel))
    .sort();

describe.each(backends)('the backend %s', (name, missing) => {
  beforeAll(async () => {
    if (missing === null) await useBackend(name);
  });

  if (name !== 'cpu') {
    describe.skipIf(missing !== null)('computes what cpu computes', () => {
      it.each(kernels.filter((kernel) => !wrongOnCpu.includes(kernel)))('%s', (kernel) => {
        for (const one of cases) if (one.kernel === kernel) expectSame(one, valuesOf(one), one.wanted);
      });
    });
  }

  describe.skipIf(missing !== null)('has the gradients that finite differences give', () => {
    it.each(differentiatedOn(name))('%s', (kernel) => {
      const own = differentiated.filter((other) => other.kernel === kernel);
      const smooth = own
        .map((one) => ({ ...derivatives(one), of: one.name }))
        .filter(({ bend, scale }) => bend < 5e-3 * scale);
      expect(smooth).not.toEqual([]);
      for (const { byGradient, byDifferences, scale, of } of smooth)
        expect(Math.abs(byGradient - byDifferences) / scale, of).toBeLessThan(5e-3);
    });
  });
});
