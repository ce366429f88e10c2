import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command, Option } from 'commander';
import { Failed } from '../contract/failure';
import { runFiles, type RunReport } from '../contract/run';
import { answer, type Shared } from './answer';

interface RunOptions extends Shared {
  runs?: string;
  detach?: boolean;
}

/** Ctrl-C asks the run to stop at its next batch; a second one ends the process at once. */
const stopOnInterrupt = (run: () => string | null): void => {
  process.once('SIGINT', () => {
    const folder = run();
    process.once('SIGINT', () => process.exit(130));
    if (folder === null) process.exit(130);
    process.stderr.write('\nStopping at the next batch; press Ctrl-C again to stop at once.\n');
    void import('../run/folder').then(({ requestStop }) => requestStop(folder));
  });
};

const printed = async (report: RunReport): Promise<{ value: unknown; text: string }> => {
  const { formatTable } = await import('../export/report');
  return { value: report, text: `${formatTable(report)}\n\nReport: ${resolve(report.run, 'report.html')}` };
};

const start = async (recipe: string, options: RunOptions): Promise<{ value: unknown; text: string }> => {
  const [{ startRun }, { ProgressBar }] = await Promise.all([import('../run/start'), import('./progress')]);
  const bar = new ProgressBar();
  let folder: string | null = null;
  stopOnInterrupt(() => folder);
  try {
    const report = await startRun(resolve(recipe), {
      runs: options.runs,
      backend: options.backend === 'auto' ? undefined : options.backend,
      onFolder: (run) => {
        folder = run;
        process.stderr.write(`Run: ${run}\n`);
      },
      onState: (state) => bar.show(state),
      onDecoded: (done, total) => bar.decoded(done, total),
    });
    return await printed(report);
  } finally {
    bar.end();
  }
};

const resume = async (run: string): Promise<{ value: unknown; text: string }> => {
  const [{ executeRun }, { ProgressBar }] = await Promise.all([
    import('../run/execute'),
    import('./progress'),
  ]);
  const bar = new ProgressBar();
  stopOnInterrupt(() => run);
  try {
    return await printed(await executeRun(run, { onState: (state) => bar.show(state) }));
  } finally {
    bar.end();
  }
};

/** Starts a run that needs no terminal. */
const detach = async (recipe: string, options: RunOptions): Promise<{ value: unknown; text: string }> => {
  const [{ createRun }, { executeDetached }] = await Promise.all([
    import('../run/start'),
    import('../run/detach'),
  ]);
  const runs = options.runs === undefined ? undefined : resolve(options.runs);
  const backend = options.backend === 'auto' ? undefined : options.backend;
  const run = await createRun(resolve(recipe), runs, backend);
  await executeDetached(run);
  return { value: { run }, text: run };
};

const watch = async (run: string): Promise<{ value: unknown; text: string }> => {
  const [{ watchRun }, { ProgressBar }] = await Promise.all([import('../run/watch'), import('./progress')]);
  const bar = new ProgressBar();
  try {
    return await printed(await watchRun(run, (state) => bar.show(state)));
  } finally {
    bar.end();
  }
};

/** For the extension: executes a run folder; whatever happens is in its state. */
export const executeQuietly = async (run: string): Promise<void> => {
  const { executeRun } = await import('../run/execute');
  try {
    await executeRun(run, { onState: () => undefined });
  } catch (error) {
    if (!(error instanceof Failed && error.code === 'stopped')) {
      console.error(error);
      process.exitCode = 1;
    }
  }
};

const exportCsv = async (run: string, file: string): Promise<string> => {
  const [{ metricsCsv, parseMetrics }, { writeWhole }, { readState }] = await Promise.all([
    import('../contract/metrics'),
    import('../wholeFile'),
    import('../run/folder'),
  ]);
  await readState(run);
  const text = await readFile(join(run, runFiles.metrics), 'utf8').catch(() => '');
  await writeWhole(file, metricsCsv(parseMetrics(text)));
  return file;
};

const exportRun = async (run: string, options: { to?: string; csv?: string }) => {
  if (options.csv !== undefined) {
    const file = await exportCsv(run, resolve(options.csv));
    return { value: { csv: file }, text: file };
  }
  const { exportFromRun } = await import('../export/student');
  const folder = await exportFromRun(run, resolve(options.to ?? join(run, runFiles.student)));
  return { value: { student: folder }, text: folder };
};

const addFollowCommands = (program: Command, json: () => Option): void => {
  program
    .command('watch <run>')
    .description('show a run that goes on elsewhere until it ends; Ctrl-C leaves it running')
    .addOption(json())
    .action((run: string, options: Shared) => answer(options, () => watch(resolve(run))));
  program
    .command('stop <run>')
    .description('ask a run to stop at its next batch')
    .addOption(json())
    .action((run: string, options: Shared) =>
      answer(options, async () => {
        await (await import('../run/folder')).requestStop(resolve(run));
        return { value: { stopping: resolve(run) }, text: 'The run stops at its next batch.' };
      }),
    );
};

const addExportCommand = (program: Command, json: () => Option): void => {
  program
    .command('export <run>')
    .description('write the student alone as a layers-model, or the metrics as CSV')
    .option('--to <folder>', 'where the model goes (default: student/ in the run)')
    .option('--csv <file>', 'write the metrics as CSV instead')
    .addOption(json())
    .action((run: string, options: Shared & { to?: string; csv?: string }) =>
      answer(options, () => exportRun(resolve(run), options)),
    );
};

export const addRunCommands = (program: Command, json: () => Option, backend: () => Option): void => {
  program
    .command('run <recipe>')
    .description('execute a recipe as a run, and print what distilling bought')
    .option('--runs <folder>', 'where the run folder is made (default: .retort/runs of the recipe’s project)')
    .option('--detach', 'only start it, and print its folder; `retort watch` shows it')
    .addOption(json())
    .addOption(backend())
    .action((recipe: string, options: RunOptions) =>
      answer(options, () => (options.detach ? detach(recipe, options) : start(recipe, options))),
    );
  program
    .command('resume <run>')
    .description('continue a run that was stopped or cut off, from its last checkpoint')
    .addOption(json())
    .action((run: string, options: Shared) => answer(options, () => resume(resolve(run))));
  addFollowCommands(program, json);
  addExportCommand(program, json);
};
