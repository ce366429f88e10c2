import * as tf from '@tensorflow/tfjs';
import { existsSync } from 'node:fs';
import util from 'node:util';
import { Failed } from '../contract/failure';
import { registerNativeGradients } from './nativeGradients';
import { operationsInUse, startOperations } from './operations';
import { installedRuntimes, namedRuntime, runtimesFolder, type Loadable, type Runtime } from './runtime';
import type { Started } from './started';
import { markInUse } from './usage';

/** The part of tfjs-node's binding that is used directly. */
interface Binding {
  TF_Version: string;
  isUsingGpuDevice(): boolean;
}

const installHint = 'Run `retort backends --install`.';

/** Node 22 warns of these and Node 23 dropped them from `util`; tfjs-node still calls them (tensorflow/tfjs#8609). */
const restoreUtil = (): void => {
  Object.assign(util, {
    isNullOrUndefined: (value: unknown): boolean => value === null || value === undefined,
    isArray: (value: unknown): boolean => Array.isArray(value),
  });
};

/** Read by TensorFlow when its library is loaded; what the user has set stays. */
const setEnvironment = (): void => {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
};

const loadNative = <T>(file: string): T => {
  const holder = { exports: {} as T };
  process.dlopen(holder, file);
  return holder.exports;
};

interface QuietModule {
  silence(): void;
  restore(): void;
  openLibrary(path: string): void;
}

/** The binding, loaded without TensorFlow's lines on standard error where the runtime has the module for that. */
const loadBinding = ({ binding, quiet, libraries }: Loadable): Binding => {
  const opener = quiet === null ? null : loadNative<QuietModule>(quiet);
  opener?.silence();
  try {
    for (const library of libraries) opener?.openLibrary(library);
    return loadNative<Binding>(binding);
  } finally {
    opener?.restore();
  }
};

/** The runtime to use: the one that `RETORT_TENSORFLOW` names, else what was set up last. */
export const findRuntime = (): Runtime => {
  const named = namedRuntime();
  if (named && !existsSync(named.binding)) {
    const message = `RETORT_TENSORFLOW names ${named.folder}, which has no TensorFlow binding.`;
    throw new Failed('backendMissing', message, 'Correct or unset RETORT_TENSORFLOW.');
  }
  const runtime = named ?? installedRuntimes()[0];
  if (!runtime) throw new Failed('backendMissing', 'TensorFlow is not installed.', installHint);
  return runtime;
};

const register = async (binding: Binding): Promise<void> => {
  const { NodeJSKernelBackend } = await import('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js');
  await import('@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js');
  registerNativeGradients();
  const gpu = binding.isUsingGpuDevice();
  const packageName = `@tensorflow/tfjs-node${gpu ? '-gpu' : ''}`;
  const native = binding as ConstructorParameters<typeof NodeJSKernelBackend>[0];
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(native, packageName), 3);
};

const loadBindingOrExplain = (runtime: Runtime): Binding => {
  try {
    return loadBinding(runtime);
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0];
    throw new Failed('backendBroken', `TensorFlow could not be loaded: ${reason}.`, installHint, {
      cause: error,
    });
  }
};

interface Loaded {
  runtime: Runtime;
  binding: Binding;
  /** Why Winograd's kernels are not used; null where they are, or are not for this machine. */
  without: string | null;
}

let loaded: Loaded | null = null;

const describe = ({ binding, without }: Loaded): Started => {
  const set = operationsInUse();
  const parts = [`TensorFlow ${binding.TF_Version}`, binding.isUsingGpuDevice() ? 'GPU' : 'CPU'];
  if (set) parts.push(`steps by Winograd kernels (${set.title})`);
  const passedOver = without === null ? [] : [{ name: 'Winograd kernels', reason: without }];
  return { description: parts.join(', '), passedOver };
};

const load = async (): Promise<Loaded> => {
  const runtime = findRuntime();
  restoreUtil();
  setEnvironment();
  const binding = loadBindingOrExplain(runtime);
  if (runtime.folder.startsWith(runtimesFolder())) markInUse();
  await register(binding);
  return { runtime, binding, without: null };
};

/**
 * Loads TensorFlow and makes it tfjs's backend; does nothing where it is loaded already. Returns its description.
 *
 * @throws Failed backendMissing or backendBroken.
 */
export const useTensorflow = async (): Promise<Started> => {
  const isFirst = loaded === null;
  loaded ??= await load();
  if (!(await tf.setBackend('tensorflow'))) {
    throw new Failed('backendBroken', 'TensorFlow was loaded but could not be started.', installHint);
  }
  if (isFirst && !loaded.binding.isUsingGpuDevice())
    loaded.without = startOperations(loaded.runtime.folder, loadNative);
  return describe(loaded);
};
