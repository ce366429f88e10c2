import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeBatch } from '../../engine/data/batches';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend';
import { foldBatchNorms } from '../../engine/graph/foldBatchNorm';
import { compileStep } from '../../engine/graph/graphStep';
import { encodeSavedModel } from '../../engine/graph/savedModel';
import { divideConstants } from '../../engine/graph/storedConstants';
import { trace } from '../../engine/graph/trace';
import { readRecipe } from '../../engine/recipe';
import { freezeRecipe } from '../../engine/run/folder';
import { prepareRun, type PreparedRun } from '../../engine/run/prepare';
import { Random } from '../../engine/random';
import { startStage, type RunningStage } from '../../engine/training/stage';
import { trainStep, type StepInputs } from '../../engine/training/step';
import { methods } from '../../engine/methods/registry';
import { useBackend } from '../../engine/backend/choose';
import { tinyProject, type TinyProject } from './tinyProject';

const { name: backend } = await useBackend('auto');
const steps = 4;
const size = 16;

let project: TinyProject;
beforeAll(async () => {
  project = await tinyProject();
});
afterAll(() => project.remove());

const prepareWith = async (losses: unknown): Promise<PreparedRun> => {
  await project.change({ losses, teacher: 'teacher.js#teacher', control: false });
  return prepareRun(freezeRecipe(await readRecipe(project.recipe), project.recipe));
};

const inputsOf = (prepared: PreparedRun, running: RunningStage, step: number): StepInputs => {
  const positions = Int32Array.from({ length: size }, (_, index) => step * size + index);
  const { train } = prepared.dataset;
  const labels = positions.map((position) => train.labels[position] ?? 0);
  const drawn = new Map(
    running.plan.terms.flatMap(({ prepared: method }) => {
      const made = method.draw?.(new Random(`draw/${step}`), { size, labels, indices: positions });
      return made ? [[method, made] as const] : [];
    }),
  );
  const batch = makeBatch(train, positions, null, new Random('batch'));
  const seed = tf.tensor1d([step, 7], 'int32');
  return { batch, drawn, learningRate: tf.scalar(0.01), epoch: tf.scalar(step / 10), seed };
};

const tensorsOf = ({ batch, drawn, learningRate, epoch, seed }: StepInputs): tf.Tensor[] => [
  batch.images,
  batch.labels,
  batch.indices,
  learningRate,
  epoch,
  seed,
  ...[...drawn.values()].flatMap((made) => Object.values(made)),
];

const valuesOf = (running: RunningStage) =>
  [...running.saved.values()].map((variable) => [...variable.dataSync()]);

/** The same steps from the same start, operation by operation and as one graph. */
const both = async (losses: unknown) => {
  const prepared = await prepareWith(losses);
  const stage = prepared.stages.at(-1);
  if (!stage) throw new Error('The run has no stage.');
  for (const { prepared: method } of stage.terms)
    if (method.samples) method.samples.use(await method.samples.make());
  const running = startStage(stage, prepared.measures);
  const start = [...running.saved.values()].map((variable) => variable.clone());
  const inputs = Array.from({ length: steps }, (_, step) => inputsOf(prepared, running, step));
  const fixed = prepared.teachers.flatMap((teacher) => [
    ...teacher.trainable.values(),
    ...teacher.statistics.values(),
  ]);
  const graph = compileStep(
    tensorsOf(inputs[0] as StepInputs),
    () => trainStep(running.plan, inputs[0] as StepInputs),
    fixed,
  );
  const untouched = valuesOf(running);
  const asGraph = inputs.map((one) => graph.run(tensorsOf(one)));
  graph.pull();
  const graphValues = valuesOf(running);
  [...running.saved.values()].forEach((variable, index) => variable.assign(start[index] as tf.Tensor));
  const eager = inputs.map((one) => {
    const live = trainStep(running.plan, one);
    return Object.fromEntries(
      Object.entries(live).map(([name, scalar]) => [name, scalar.dataSync()[0] ?? NaN]),
    );
  });
  const result = {
    asGraph,
    eager,
    graphValues,
    eagerValues: valuesOf(running),
    untouched,
    start: start.map((value) => [...value.dataSync()]),
  };
  graph.dispose();
  running.dispose();
  prepared.dispose();
  return result;
};

/** Parameters that keep a method small, or its gradients of the size of the others'. */
const small: Readonly<Record<string, Record<string, number>>> = {
  crd: { negatives: 16 },
  'cgan-kd': { samples: 60, width: 4, latent: 8 },
  sns: { dimension: 16, width: 4, latent: 8, invariance: 1, variance: 1 },
};

/** Those of other tasks are compared in methods.train.test.ts. */
const classifying = methods.filter(({ tasks }) => tasks.includes('classification'));

const recipes = classifying.map((method): [string, unknown] => [
  method.id,
  [
    { method: 'task', weight: 1 },
    ...(method.id === 'task' ? [] : [{ method: method.id, ...small[method.id] }]),
  ],
]);

describe.skipIf(backend !== 'tensorflow')('a training step as one graph', () => {
  it.each(recipes)('gives the numbers of the same steps operation by operation: %s', async (_, losses) => {
    const { asGraph, eager, graphValues, eagerValues, untouched, start } = await both(losses);
    expect(untouched).toEqual(start);
    asGraph.forEach((numbers, step) => {
      for (const [name, value] of Object.entries(eager[step] ?? {})) {
        const tolerance = 1e-5 * Math.max(1, Math.abs(value));
        expect(Math.abs((numbers[name] ?? NaN) - value), `${name} in step ${step}`).toBeLessThanOrEqual(
          tolerance,
        );
      }
    });
    graphValues.forEach((values, index) =>
      values.forEach((value, place) => {
        const wanted = eagerValues[index]?.[place] ?? NaN;
        expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(wanted)));
      }),
    );
    expect(graphValues).not.toEqual(start);
  });

  it('keeps its variables in the session until they are asked for, and takes over changes', () => {
    const variable = tf.variable(tf.scalar(1));
    const input = tf.scalar(2);
    const graph = compileStep([input], () => {
      variable.assign(tf.tidy(() => tf.add(variable, input)));
      return { sum: tf.mul(variable, 10) };
    });
    expect(variable.dataSync()[0]).toBe(1);
    expect(graph.run([input])).toEqual({ sum: 30 });
    expect(graph.run([tf.scalar(5)])).toEqual({ sum: 80 });
    expect(variable.dataSync()[0]).toBe(1);
    graph.pull();
    expect(variable.dataSync()[0]).toBe(8);
    variable.assign(tf.scalar(100));
    graph.push();
    expect(graph.run([input])).toEqual({ sum: 1020 });
    graph.dispose();
  });

  it('takes fixed variables as constants, and folds batch normalisation into the convolution before it', () => {
    const random = (shape: number[], mean = 0) => tf.variable(tf.randomNormal(shape, mean));
    const x = tf.randomNormal<tf.Rank.R4>([2, 6, 6, 3]);
    const [kernel, depthwise] = [random([3, 3, 3, 4]), random([3, 3, 4, 2])] as tf.Variable<tf.Rank.R4>[];
    const norms = [4, 8].map((channels) => ({
      mean: random([channels]),
      variance: tf.variable(tf.randomUniform([channels], 0.5, 2)),
      offset: random([channels]),
      scale: random([channels], 1),
    }));
    const normalised = (input: tf.Tensor4D, which: number): tf.Tensor4D => {
      const { mean, variance, offset, scale } = norms[which] as Record<string, tf.Tensor1D>;
      return tf.batchNorm4d(input, mean as tf.Tensor1D, variance as tf.Tensor1D, offset, scale, 0.01);
    };
    const step = () =>
      tf.tidy(() => {
        const kept = tf.conv2d(x, kernel as tf.Variable<tf.Rank.R4>, 1, 'same');
        const inner = normalised(tf.conv2d(x, kernel as tf.Variable<tf.Rank.R4>, 2, 'same'), 0).relu();
        const maps = tf.depthwiseConv2d(
          inner as tf.Tensor4D,
          depthwise as tf.Variable<tf.Rank.R4>,
          1,
          'same',
        );
        const results = [kept, normalised(kept, 0), normalised(maps, 1)];
        return Object.fromEntries(results.map((one, index) => [index, tf.mean<tf.Scalar>(tf.square(one))]));
      });
    const fixed = [...norms.flatMap((norm) => Object.values(norm)), kernel, depthwise] as tf.Variable[];
    const seen = trace(tf.backend() as NodeJSKernelBackend, [x], step, { fixed: new Set(fixed) });
    const operations = foldBatchNorms(seen).operations.map(({ op }) => op);
    expect(operations.filter((op) => op === 'BiasAdd')).toHaveLength(2);
    expect(operations.filter((op) => op === 'FusedBatchNorm')).toHaveLength(1);
    const graph = compileStep([x], step, fixed);
    const wanted = step();
    for (const [name, value] of Object.entries(graph.run([x])))
      expect(value / (wanted[name]?.dataSync()[0] ?? NaN)).toBeCloseTo(1, 5);
    graph.dispose();
  });

  it('keeps large weights of frozen networks out of the graph, but not what more can be made of', () => {
    const [x, large, reused] = [
      tf.randomNormal<tf.Rank.R2>([3, 200]),
      tf.variable(tf.randomNormal([200, 200])),
      tf.variable(tf.randomNormal([200, 200])),
    ];
    const step = () =>
      tf.tidy(() => {
        const made = tf.matMul(tf.matMul(x, large as tf.Tensor2D), reused as tf.Tensor2D);
        return { mean: tf.mean<tf.Scalar>(tf.add(made, tf.mean(tf.square(reused)))) };
      });
    const fixed = [large, reused];
    const seen = trace(tf.backend() as NodeJSKernelBackend, [x], step, { fixed: new Set(fixed) });
    const divided = divideConstants(seen);
    expect(divided.stored.map(({ bytes }) => bytes)).toEqual([new Uint8Array(large.dataSync().buffer)]);
    expect(encodeSavedModel(divided).length).toBeLessThan(1.2 * 200 * 200 * 4);
    const graph = compileStep([x], step, fixed);
    const [got, wanted] = [graph.run([x]).mean, step().mean.dataSync()[0]];
    expect((got ?? NaN) / (wanted ?? NaN)).toBeCloseTo(1, 4);
    graph.dispose();
  });

  it('refuses a step that changes what is fixed', () => {
    const variable = tf.variable(tf.scalar(1));
    const changing = () => {
      variable.assign(tf.scalar(2));
      return { loss: tf.scalar(0) };
    };
    expect(() => compileStep([], changing, [variable])).toThrow(/it changes what is said to be fixed/);
  });

  it.each([
    ['reads a tensor', () => ({ loss: tf.scalar((tf.square(tf.scalar(3)).dataSync()[0] ?? 0) * 2) })],
    ['draws random numbers', () => ({ loss: tf.randomUniform([]) as tf.Scalar })],
  ])('refuses a step that %s, and leaves the variables as they were', (_, step) => {
    const variable = tf.variable(tf.scalar(1));
    const changing = () => {
      variable.assign(tf.scalar(2));
      return step();
    };
    expect(() => compileStep([], changing)).toThrow(/it (reads the value of a tensor|draws random numbers)/);
    expect(variable.dataSync()[0]).toBe(1);
    expect(Math.random()).toBeTypeOf('number');
    expect(tf.square(tf.scalar(3)).dataSync()[0]).toBe(9);
  });
});
