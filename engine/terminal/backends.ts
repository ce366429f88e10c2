import type { Command, Option } from 'commander';
import { answer, type Shared } from './answer';

const install = async (): Promise<void> => {
  const { installTensorflow } = await import('../backend/install');
  const cancel = new AbortController();
  process.once('SIGINT', () => cancel.abort());
  let last = '';
  await installTensorflow((message) => {
    if (message !== last) process.stderr.write(`${message}\n`);
    last = message;
  }, cancel.signal);
};

export const addBackendCommand = (program: Command, jsonOption: () => Option): void => {
  program
    .command('backends')
    .description('which tensor runtime is used here, and why not a better one')
    .option('--install', 'install TensorFlow for Retort')
    .addOption(jsonOption())
    .action((options: Shared & { install?: boolean }) =>
      answer(options, async () => {
        if (options.install) await install();
        const { backendReport, formatBackendReport } = await import('../backend/report');
        const report = await backendReport();
        return { value: report, text: formatBackendReport(report) };
      }),
    );
};
