import { Option, type Command } from 'commander';
import { resolve } from 'node:path';
import type { Progress } from '../backend/progress';
import { answer, type Shared } from './answer';

interface BackendOptions extends Shared {
  install?: boolean;
  remove?: boolean;
  python?: string[];
  kernels?: boolean;
  prebuild?: string;
}

/** Each new message once, on standard error. */
const progressLines = (): Progress => {
  let last = '';
  return (message) => {
    if (message !== last) process.stderr.write(`${message}\n`);
    last = message;
  };
};

const interrupt = (): AbortSignal => {
  const cancel = new AbortController();
  process.once('SIGINT', () => cancel.abort());
  return cancel.signal;
};

const remove = async (): Promise<{ value: unknown; text: string }> => {
  const { removeTensorflow } = await import('../backend/remove');
  const { formatRemoval } = await import('../backend/report');
  const removal = await removeTensorflow(progressLines(), interrupt());
  return { value: removal, text: formatRemoval(removal) };
};

const compileKernels = async (): Promise<{ value: unknown; text: string }> => {
  const { compileNativeKernels } = await import('../backend/nativeKernels');
  const files = await compileNativeKernels();
  return { value: { files }, text: files.join('\n') };
};

const prebuild = async (folder: string): Promise<{ value: unknown; text: string }> => {
  const { prebuildBinding } = await import('../backend/prebuild');
  await prebuildBinding(resolve(folder), progressLines());
  return { value: { folder: resolve(folder) }, text: resolve(folder) };
};

const report = async ({ install, python }: BackendOptions): Promise<{ value: unknown; text: string }> => {
  if (install) {
    const { installTensorflow } = await import('../backend/install');
    await installTensorflow(progressLines(), interrupt(), python);
  }
  const { backendReport, formatBackendReport } = await import('../backend/report');
  const found = await backendReport(python);
  return { value: found, text: formatBackendReport(found) };
};

export const addBackendCommand = (program: Command, jsonOption: () => Option): void => {
  program
    .command('backends')
    .description('which tensor runtime is used here, and why not a better one')
    .option(
      '--install',
      'set up TensorFlow for Retort: from your Python where it is installed, else with pip',
    )
    .option('--python <interpreters...>', 'with --install: ask these Pythons for TensorFlow first')
    .addOption(
      new Option('--remove', 'remove what --install has set up; your own TensorFlow stays').conflicts(
        'install',
      ),
    )
    .addOption(
      new Option('--kernels', 'compile the native kernels of WebAssembly, which packages bring').conflicts([
        'install',
        'remove',
      ]),
    )
    .addOption(new Option('--prebuild <folder>', 'compile the binding that a package carries').hideHelp())
    .addOption(jsonOption())
    .action((options: BackendOptions) =>
      answer(options, () => {
        if (options.remove) return remove();
        if (options.kernels) return compileKernels();
        return options.prebuild === undefined ? report(options) : prebuild(options.prebuild);
      }),
    );
};
