import type { BackendChoice } from '../contract/run';
import { useBackend } from './choose';
import { runtimesFolder, installedRuntimes, namedRuntime, type RuntimeRecord } from './runtime';

/** What `retort backends` says. */
export interface BackendReport {
  /** What `auto` chooses here, and why not something better. */
  choice: BackendChoice;
  /** TensorFlow runtimes in the cache folder, newest first. */
  installed: (RuntimeRecord & { folder: string })[];
  /** The folder that RETORT_TENSORFLOW names, which goes before those installed; null where it is unset. */
  named: string | null;
  /** Where runtimes are installed. */
  folder: string;
  platform: string;
  arch: string;
  node: string;
}

/** Tries the backends as a run would. */
export const backendReport = async (): Promise<BackendReport> => ({
  choice: await useBackend('auto'),
  installed: installedRuntimes().flatMap(({ folder, record }) => (record ? [{ ...record, folder }] : [])),
  named: namedRuntime()?.folder ?? null,
  folder: runtimesFolder(),
  platform: process.platform,
  arch: process.arch,
  node: process.version,
});

/** The report as lines for a terminal. */
export const formatBackendReport = (report: BackendReport): string =>
  [
    `Chosen: ${report.choice.name} (${report.choice.description})`,
    ...report.choice.passedOver.map(({ name, reason }) => `Passed over: ${name}. ${reason}`),
    ...(report.named ? [`RETORT_TENSORFLOW: ${report.named}`] : []),
    ...report.installed.map(
      (one) => `Installed: TensorFlow ${one.tensorflow} in ${one.folder} (${one.source})`,
    ),
    `Node ${report.node} on ${report.platform}-${report.arch}`,
  ].join('\n');
