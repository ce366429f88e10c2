import type { Command, Option } from 'commander';
import { resolve } from 'node:path';
import { answer, type Shared } from './answer';

interface ExportOptions extends Shared {
  python?: string[];
  out?: string;
}

export const addExportKerasCommand = (program: Command, jsonOption: () => Option): void => {
  program
    .command('export-keras <model>')
    .description('save the Keras model of Python code, file.py#name, as a file that opens here')
    .option('--python <interpreters...>', 'ask these Pythons for Keras first')
    .option('--out <file>', 'where to save it; else in .retort beside the code')
    .addOption(jsonOption())
    .action((model: string, { python = [], out, json = false }: ExportOptions) =>
      answer({ json }, async () => {
        const { exportKeras } = await import('../models/exportKeras');
        const cancel = new AbortController();
        process.once('SIGINT', () => cancel.abort());
        const exported = await exportKeras(resolve(model), python, {
          signal: cancel.signal,
          ...(out === undefined ? {} : { output: out }),
        });
        return { value: exported, text: exported.file };
      }),
    );
};
