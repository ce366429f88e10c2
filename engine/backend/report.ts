import type { BackendReport, FoundPython, RemovalReport } from '../contract/backend';
import { prebuiltFolder } from './binding';
import { useBackend } from './choose';
import { findPythons } from './interpreters';
import { listInstalled } from './remove';
import { namedRuntime, runtimesFolder } from './runtime';

/** Tries the backends as a run would, and looks which Pythons could lend their TensorFlow. */
export const backendReport = async (pythons: readonly string[] = []): Promise<BackendReport> => ({
  choice: await useBackend('auto'),
  installed: await listInstalled(),
  pythons: await findPythons(pythons),
  prebuilt: prebuiltFolder() !== null,
  named: namedRuntime()?.folder ?? null,
  folder: runtimesFolder(),
  platform: process.platform,
  arch: process.arch,
  node: process.version,
});

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`;

const pythonLine = ({ python, origin, version, tensorflow, keras }: FoundPython): string => {
  const parts = [
    tensorflow ? `TensorFlow ${tensorflow.version}` : 'no TensorFlow',
    keras ? `Keras ${keras}` : 'no Keras',
  ];
  return `Python ${version}: ${python} (${origin}), ${parts.join(', ')}`;
};

/** The report as lines for a terminal. */
export const formatBackendReport = (report: BackendReport): string =>
  [
    `Chosen: ${report.choice.name} (${report.choice.description})`,
    ...report.choice.passedOver.map(({ name, reason }) => `Passed over: ${name}. ${reason}`),
    ...(report.named ? [`RETORT_TENSORFLOW: ${report.named}`] : []),
    ...report.installed.map(
      (one) =>
        `Installed: TensorFlow ${one.tensorflow} in ${one.folder} (${one.source}; ${one.binding} binding, ${megabytes(one.bytes)})`,
    ),
    ...report.pythons.map(pythonLine),
    `Node ${report.node} on ${report.platform}-${report.arch}`,
  ].join('\n');

export const formatRemoval = ({ removed, bytes }: RemovalReport): string =>
  removed.length === 0
    ? 'No TensorFlow was installed for Retort.'
    : removed
        .map((one) => `Removed: TensorFlow ${one.tensorflow} in ${one.folder}`)
        .concat(`${megabytes(bytes)} are free again.`)
        .join('\n');
