import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { addBackendCommand } from './backends';
import { addExportKerasCommand } from './exportKeras';
import { addRunCommands } from './runs';
import { answer, type Shared } from './answer';
import type { ProfileOptions } from './profileTable';
import type { ProposeOptions } from './propose';

const jsonOption = () => new Option('--json', 'print one JSON document on standard output');
const backendOption = () =>
  new Option('--backend <name>', 'what computes')
    .choices(['auto', 'tensorflow', 'wasm', 'cpu'])
    .default('auto');

const addModelCommands = (program: Command): void => {
  program
    .command('profile <model>')
    .description('what a model file or file#export costs: parameters, multiply-accumulates, time, memory')
    .option('--teacher <model>', 'a larger model to set beside it')
    .option('--weights <file>', 'a model file whose weights it starts from, and what of them fits')
    .addOption(jsonOption())
    .addOption(backendOption())
    .action((model: string, options: Shared & ProfileOptions) =>
      answer(options, async () => {
        const { profileFor, comparisonDocument, formatComparison } = await import('./profileTable');
        const comparison = await profileFor(model, options);
        return { value: comparisonDocument(comparison), text: formatComparison(comparison) };
      }),
    );
  program
    .command('propose <teacher> <student>')
    .description('which layers to match, with which adapters, and by which methods')
    .option('--data <path>', 'real samples to compare on: a recipe, or a folder with data')
    .option('--recipe <file>', 'accept the proposal: write it as a recipe')
    .option('--methods <ids...>', 'the losses of that recipe')
    .option('--force', 'write over a recipe that is there')
    .addOption(jsonOption())
    .addOption(backendOption())
    .action((teacher: string, student: string, options: Shared & ProposeOptions) =>
      answer(options, async () => (await import('./propose')).propose(teacher, student, options)),
    );
};

const addChannelsCommand = (program: Command): void => {
  program
    .command('channels <model>')
    .description('channels that batch normalisation has turned off, layer by layer')
    .option('--threshold <scale>', 'the scale below which a channel counts as off', Number, 0.02)
    .addOption(jsonOption())
    .addOption(backendOption())
    .action((model: string, options: Shared & { threshold: number }) =>
      answer(options, async () => {
        const { describeChannels } = await import('./channels');
        return describeChannels(model, options.threshold, options.backend);
      }),
    );
};

const addListCommands = (program: Command): void => {
  program
    .command('methods [id]')
    .description('the distillation methods; with an id, what that one needs, costs and decides')
    .addOption(jsonOption())
    .action((id: string | undefined, options: Shared) =>
      answer(options, async () => (await import('./methods')).describeMethods(id)),
    );
  program
    .command('schema')
    .description('the JSON Schema of recipes')
    .action(() =>
      answer({ json: true }, async () => {
        const { recipeJsonSchema } = await import('../recipe');
        return { value: recipeJsonSchema(), text: '' };
      }),
    );
};

/** Engine code is loaded by the command that needs it: `--help` answers at once. */
export const addCommands = (program: Command): void => {
  addRunCommands(program, jsonOption, backendOption);
  addModelCommands(program);
  addChannelsCommand(program);
  addListCommands(program);
  addBackendCommand(program, jsonOption);
  addExportKerasCommand(program, jsonOption);
  program
    .command('serve', { hidden: true })
    .description('answer the extension over IPC')
    .action(async () => (await import('../serve')).serve());
  program
    .command('execute <run>', { hidden: true })
    .description('execute a run folder')
    .action(async (run: string) => (await import('./runs')).executeQuietly(resolve(run)));
};
