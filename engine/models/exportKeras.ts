import { basename, dirname, extname, join, resolve } from 'node:path';
import { z } from 'zod';
import { runCommand } from '../backend/command';
import { findPythons } from '../backend/interpreters';
import { packagedFile } from '../backend/packagedFile';
import type { FoundPython } from '../contract/backend';
import { Failed } from '../contract/failure';
import { resolveReference } from './reference';

/** What an export gives. */
export interface KerasExport {
  /** Absolute; `.keras`, or `.h5` by a Keras that does not know that format. */
  file: string;
  parameters: number;
  /** The interpreter that ran the code. */
  python: string;
}

const answerSchema = z.union([
  z.object({ file: z.string(), parameters: z.number() }),
  z.object({
    refused: z.enum(['absent', 'none', 'arguments', 'shape', 'subclass', 'module', 'raised']),
    message: z.string(),
    module: z.string().nullish(),
  }),
]);
type Answer = z.infer<typeof answerSchema>;
type Refusal = Extract<Answer, { refused: string }>;

const nameInterpreter = 'name it in the setting retort.python, or with --python.';

/** The first that has Keras, tf.keras included. */
const pythonWithKeras = (pythons: readonly FoundPython[], name: string): string => {
  const found = pythons.find(({ keras, tensorflow }) => keras !== null || tensorflow !== null);
  if (found) return found.python;
  throw new Failed(
    'backendMissing',
    pythons.length === 0
      ? `${name} is Python code, and no Python 3 was found to run it.`
      : `${name} needs Keras, which ${pythons.map(({ python }) => python).join(' and ')} ${pythons.length === 1 ? 'lacks' : 'lack'}.`,
    `Install it (pip install keras tensorflow), or where another Python has it, ${nameInterpreter}`,
  );
};

const nextSteps: Record<Refusal['refused'], string> = {
  absent: 'Name a variable at the top of the file, or a function that returns the model.',
  none: 'Name a variable that holds a Keras model, or a function that returns one.',
  arguments: 'Give the arguments defaults, or add a function without arguments that returns the model.',
  shape: 'Start the model with keras.Input(shape), so that its layers can be built.',
  subclass: 'Write the network with keras.Sequential or keras.Model(inputs, outputs).',
  module: `Install the module in the Python that runs the code; where another Python has it, ${nameInterpreter}`,
  raised: 'Correct the code, so that the file can be imported.',
};

const refusal = ({ refused, message }: Refusal, python: string): Failed =>
  new Failed(
    refused === 'absent' ? 'modelNotFound' : refused === 'module' ? 'backendMissing' : 'modelInvalid',
    refused === 'module' ? `${message} (${python}).` : message.replace(/([^.!?])$/, '$1.'),
    nextSteps[refused],
  );

const stopped = (name: string): Failed =>
  new Failed('stopped', `The export of ${name} was stopped.`, 'Start it again.');

/** The object in the last line; the code may have written to standard output past Python. */
const parse = (output: string): Answer | null => {
  const line = output.trim().split('\n').at(-1) ?? '';
  try {
    return answerSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
};

const run = async (
  python: string,
  { file, exportName }: { file: string; exportName: string },
  output: string,
  signal: AbortSignal | undefined,
): Promise<Answer> => {
  const script = packagedFile('exportKeras.py', 'engine/models/exportKeras.py');
  const args = ['-B', script, file, exportName, output];
  const result = await runCommand(python, args, { signal, cwd: dirname(file) }).catch((error: unknown) => {
    throw error instanceof Failed && error.code === 'stopped' ? stopped(exportName) : error;
  });
  process.stderr.write(result.errors);
  const answer = parse(result.output);
  if (answer) return answer;
  throw new Failed(
    'modelInvalid',
    `${python} ended without saving ${exportName} (${result.code === null ? 'it was killed' : `exit code ${result.code}`}).`,
    'Run the file yourself to see why.',
  );
};

/** Where an export lies: in `.retort` beside the code. Without an ending: the Keras that writes it decides. */
const placeFor = (file: string, name: string): string =>
  join(dirname(file), '.retort', `${basename(file, extname(file))}-${name.replaceAll('.', '-')}`);

/**
 * Saves the Keras model that Python code makes, run by the user's own interpreter: `file.py#name` names a variable, or a
 * function that returns the model when called without arguments. `named` interpreters are asked first. Runs the user's
 * code.
 *
 * @throws Failed modelNotFound, modelInvalid (the code fails, or makes no model that can be saved), backendMissing (no
 * Python with Keras, or a module that the code imports is missing), stopped.
 */
export const exportKeras = async (
  reference: string,
  named: readonly string[],
  { output, signal }: { output?: string; signal?: AbortSignal } = {},
): Promise<KerasExport> => {
  const { file, exportName } = await resolveReference(reference);
  const name = basename(file);
  if (extname(file).toLowerCase() !== '.py')
    throw new Failed('modelUnsupported', `${name} is no Python code.`, 'Name it as file.py#name.');
  if (exportName === null)
    throw new Failed('modelNotFound', `Which model of ${name} is not said.`, `Name it: ${name}#model.`);
  const python = pythonWithKeras(await findPythons(named, signal), name);
  const place = output === undefined ? placeFor(file, exportName) : output.replace(/\.(keras|h5)$/, '');
  const answer = await run(python, { file: resolve(file), exportName }, resolve(place), signal);
  if ('refused' in answer) throw refusal(answer, python);
  return { ...answer, python };
};
