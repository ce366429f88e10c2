import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { kernelsState } from './kernelSources';
import { nativeKernelsAreOff, supportedSets, type InstructionSet } from './instructionSets';

/** The module with Winograd's operations for TensorFlow (`native/operations.cc`), beside the binding. */
export const operationsFile = ({ name }: InstructionSet): string =>
  `operations-${kernelsState()}-${name}.node`;

interface OperationsModule {
  /** Registers the operations with the TensorFlow that is loaded. */
  register(threads: number): void;
}

/** As many as TensorFlow takes: what `TF_NUM_INTRAOP_THREADS` says, else one for each processor. */
const threads = (): number => Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism();

let used: InstructionSet | null = null;

/** The instruction set of the operations that graphs may use; null where there are none. */
export const operationsInUse = (): InstructionSet | null => used;

/** Executes one of the operations, which must be registered. TensorFlow must be tfjs's backend. */
export const runOperation = (
  op: string,
  attributes: Readonly<Record<string, number | boolean>>,
  inputs: tf.Tensor[],
): tf.Tensor => {
  const backend = tf.backend() as NodeJSKernelBackend;
  const { TF_ATTR_BOOL, TF_ATTR_INT } = backend.binding;
  const described = Object.entries(attributes).map(([name, value]) => ({
    name,
    type: typeof value === 'boolean' ? TF_ATTR_BOOL : TF_ATTR_INT,
    value,
  }));
  return backend.executeSingleOutput(op, described, inputs);
};

const farthest = (a: tf.Tensor, b: tf.Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] ?? NaN;

const tolerance = 1e-3;
const again = 'Run `retort backends --remove`, then `retort backends --install`.';

/** Compares the operations with TensorFlow's own on maps whose size is no multiple of a tile's. Throws what is wrong. */
const check = (): void =>
  tf.tidy(() => {
    const shape: [number, number, number, number] = [2, 7, 9, 20];
    const x = tf.randomNormal<tf.Rank.R4>(shape, 0, 1, 'float32', 1);
    const filter = tf.randomNormal<tf.Rank.R4>([3, 3, 20, 36], 0, 0.1, 'float32', 2);
    const dy = tf.randomNormal<tf.Rank.R4>([2, 7, 9, 36], 0, 1, 'float32', 3);
    const [bias, none] = [tf.randomNormal([36], 0, 1, 'float32', 4), tf.tensor1d([])];
    const at = { top: 1, left: 1, height: 7, width: 9 };
    const gradients = tf.grads((a: tf.Tensor, b: tf.Tensor) =>
      tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same'),
    )([x, filter], dy) as [tf.Tensor, tf.Tensor];
    const differences = {
      convolution: farthest(
        runOperation('WinogradConv2D', { ...at, relu: true }, [x, filter, bias, none]),
        tf.relu(tf.add(tf.conv2d(x, filter, 1, 'same'), bias)),
      ),
      'gradient of the input': farthest(
        runOperation('WinogradConv2DBackpropInput', at, [dy, filter]),
        gradients[0],
      ),
      'gradient of the filter': farthest(
        runOperation('WinogradConv2DBackpropFilter', at, [x, dy]),
        gradients[1],
      ),
    };
    for (const [name, difference] of Object.entries(differences))
      if (!(difference < tolerance)) throw new Error(`the ${name} is off by ${difference}`);
  });

/**
 * Registers the widest operations in `folder` that this processor has. TensorFlow must be tfjs's backend. They are not
 * used where they do not compute what TensorFlow does. Returns why none is used; null where they are, and where there are
 * none for this kind of machine.
 */
export const startOperations = (folder: string, load: (file: string) => unknown): string | null => {
  const sets = supportedSets();
  if (sets.length === 0) return null;
  if (nativeKernelsAreOff()) return 'RETORT_NATIVE_KERNELS is off.';
  const set = sets.find((one) => existsSync(join(folder, operationsFile(one))));
  if (!set) return 'They are not installed. Run `retort backends --install`.';
  try {
    (load(join(folder, operationsFile(set))) as OperationsModule).register(threads());
    check();
    used = set;
    return null;
  } catch (error) {
    return `They cannot be used: ${(error as Error).message.split('\n')[0]}. ${again}`;
  }
};
