import { Command } from 'commander';
import { addCommands } from './terminal/commands';
import { version } from './contract/version';

// Standard output carries answers only: what libraries and user code print goes to standard error.
console.log = console.error;
console.info = console.error;

const program = new Command('retort')
  .description(
    'Distil a large network into a small one: train a student from a teacher, and see what it bought.',
  )
  .version(version)
  .showHelpAfterError('(retort --help lists the commands)')
  .addHelpText(
    'after',
    '\nExamples:\n  retort run examples/shapes/student.distill.json\n  retort profile model/model.json --json\n  retort backends --install',
  );

addCommands(program);
void program.parseAsync();
