import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { acceptPairs } from '../../engine/adapters/accept';
import { measureProposal } from '../../engine/adapters/proposal';
import { useBackend } from '../../engine/backend/choose';
import type { DataOptions } from '../../engine/contract/data';
import type { Pair } from '../../engine/contract/recipe';
import { Failed } from '../../engine/contract/failure';
import { findMethod } from '../../engine/methods/registry';
import { inspectModel } from '../../engine/models/inspect';
import { Random } from '../../engine/random';
import { startRun } from '../../engine/run/start';
import { drawChoice } from './draw';
import { dataOf, studentRecipe, teacherRecipe, writeData } from './project';
import { formatRows, type Row } from './table';

interface Options {
  data?: string;
  seeds: number;
  choices: number;
  epochs: number;
  samples: number;
  weight: number;
  json: boolean;
}

const couples = [
  { teacher: 'chainTeacher', student: 'chainStudent' },
  { teacher: 'residualTeacher', student: 'residualStudent' },
  { teacher: 'residualTeacher', student: 'depthwiseStudent' },
] as const;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const readOptions = (args: readonly string[]): Options =>
  new Command('npm run propose-table --')
    .description('Hints over the proposed pairs beside hints over random valid ones, on Fashion-MNIST.')
    .option('--data <folder>', 'the folder of the four IDX files')
    .option('--seeds <count>', 'students of each choice', Number, 3)
    .option('--choices <count>', 'random choices', Number, 10)
    .option('--epochs <count>', 'of every student', Number, 30)
    .option('--samples <count>', 'that students learn from', Number, 500)
    .option('--weight <number>', 'of the hints', Number, 30)
    .option('--json', 'print the rows as one JSON document', false)
    .parse(args, { from: 'user' })
    .opts<Options>();

const findData = ({ data }: Options): string | undefined => {
  const tests = process.env.RETORT_TEST_DATA;
  const folders = data
    ? [resolve(data)]
    : [...(tests ? [join(resolve(tests), 'fashion-mnist')] : []), resolve('../shared/data/fashion-mnist')];
  return folders.find((folder) => existsSync(join(folder, 'train-images-idx3-ubyte.gz')));
};

/** Runs recipes in one folder, one after the other. */
class Laboratory {
  private count = 0;

  constructor(
    readonly folder: string,
    readonly models: string,
  ) {}

  async run(recipe: Record<string, unknown>): Promise<{ accuracy: number; student: string }> {
    const file = join(this.folder, `recipe-${++this.count}.distill.json`);
    await writeFile(file, JSON.stringify(recipe));
    const report = await startRun(file, {
      runs: join(this.folder, 'runs'),
      onFolder: () => undefined,
      onState: () => undefined,
    });
    return {
      accuracy: report.student.metrics.acc ?? NaN,
      student: join(report.run, 'student', 'model.json'),
    };
  }

  reference(name: string): string {
    return `${this.models}#${name}`;
  }
}

/** What a student that diverged is counted as. */
const guessing = 0.1;

/** Test accuracies of one choice, a seed each. */
const accuraciesOf = async (
  laboratory: Laboratory,
  models: { teacher: string; student: string },
  pairs: readonly Pair[],
  { seeds, epochs, weight }: Options,
): Promise<number[]> => {
  const accuracies: number[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const recipe = studentRecipe(models, pairs, weight, { epochs, seed });
    const accuracy = await laboratory.run(recipe).then(
      (run) => run.accuracy,
      (error: unknown) => {
        if (!(error instanceof Failed)) throw error;
        say(`  seed ${seed}: ${error.message}`);
        return guessing;
      },
    );
    accuracies.push(accuracy);
  }
  return accuracies;
};

const proposedPairs = async (
  laboratory: Laboratory,
  models: { teacher: string; student: string },
): Promise<Pair[]> => {
  const probe = { data: dataOf('student') as unknown as DataOptions, base: laboratory.folder };
  const proposal = await measureProposal(models.teacher, models.student, probe);
  return acceptPairs(findMethod('fitnets'), proposal);
};

const rowsOf = async (
  laboratory: Laboratory,
  couple: (typeof couples)[number],
  teacher: string,
  options: Options,
): Promise<Row[]> => {
  const models = { teacher, student: laboratory.reference(couple.student) };
  const [large, small] = [await inspectModel(models.teacher), await inspectModel(models.student)];
  const measure = async (choice: string, pairs: Pair[]): Promise<Row> => {
    const accuracies = await accuraciesOf(laboratory, models, pairs, options);
    say(`  ${choice}  ${accuracies.map((value) => value.toFixed(4)).join(' ')}`);
    return { couple: `${couple.teacher} → ${couple.student}`, choice, pairs, accuracies };
  };
  const rows = [
    await measure('no teacher', []),
    await measure('proposed', await proposedPairs(laboratory, models)),
  ];
  for (let draw = 1; draw <= options.choices; draw++) {
    const random = new Random(`choices/${couple.teacher}/${couple.student}/${draw}`);
    rows.push(await measure(`random ${draw}`, drawChoice(large, small, random)));
  }
  return rows;
};

const main = async (args: readonly string[]): Promise<void> => {
  const options = readOptions(args);
  const data = findData(options);
  if (data === undefined) {
    console.log('Skipped: Fashion-MNIST was not found. Name the folder of its four IDX files with --data.');
    return;
  }
  await useBackend('auto');
  const folder = await mkdtemp(join(tmpdir(), 'retort-choices-'));
  try {
    await mkdir(join(folder, '.vscode'));
    await writeData(data, folder, { teacher: 12_000, student: options.samples, test: 5000 });
    const laboratory = new Laboratory(folder, resolve('test/choices/networks.ts'));
    const trained = new Map<string, string>();
    const rows: Row[] = [];
    for (const couple of couples) {
      if (!trained.has(couple.teacher)) {
        const made = await laboratory.run(
          teacherRecipe(laboratory.reference(couple.teacher), { epochs: 5, seed: 1 }),
        );
        say(`${couple.teacher}  ${made.accuracy.toFixed(4)}`);
        trained.set(couple.teacher, made.student);
      }
      say(`${couple.teacher} → ${couple.student}`);
      rows.push(...(await rowsOf(laboratory, couple, trained.get(couple.teacher) ?? '', options)));
    }
    console.log(options.json ? JSON.stringify(rows, null, 2) : formatRows(rows));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

void main(process.argv.slice(2));
