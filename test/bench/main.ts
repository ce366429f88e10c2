import { cpus, loadavg, tmpdir } from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { measureLengths, measureTask, type Contestant, type Figure } from './measure';
import { engineSubjects, referenceSubjects, type Programs, type Subject } from './subjects';
import { compare, formatLengths, formatScaling, formatTable } from './table';
import { benchTasks, type BenchTask } from './tasks';
import { findTorch, installTorch, type FoundTorch } from './torch';

interface Options {
  json: boolean;
  only?: string[];
  subjects?: string[];
  batch: number;
  rounds: number;
  scaling: boolean;
  torch?: boolean | string;
  python?: string;
}

const scalingBatches = [16, 32, 64, 128];
const scalingLengths = [25, 50, 100, 200];
const scalingTasks = ['small-step', 'student-step', 'kd-cwd-step'];
const sgemm = 'sgemm';

const positive = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above zero.');
};

const oneOf =
  (known: readonly string[]) =>
  (text: string): string[] => {
    const ids = text.split(',');
    const unknown = ids.find((id) => !known.includes(id));
    if (unknown === undefined) return ids;
    throw new InvalidArgumentError(`Choose from ${known.join(', ')}.`);
  };

const allSubjects = [...engineSubjects, ...referenceSubjects];

const readOptions = (args: readonly string[]): Options =>
  new Command('npm run bench --')
    .description('Times training steps of the engine beside the same work in PyTorch, taking turns.')
    .option('--json', 'print the figures as one JSON document', false)
    .option('--only <tasks>', 'only these tasks, with commas between', oneOf(benchTasks.map(({ id }) => id)))
    .option('--subjects <ids>', 'only these, with commas between', oneOf(allSubjects.map(({ id }) => id)))
    .option('--batch <size>', 'samples in a batch', positive, 64)
    .option('--rounds <count>', 'turns that everyone takes', positive, 5)
    .option('--scaling', 'instead: steps at batch 16 to 128, trainings of 25 to 200 steps', false)
    .option('--torch [requirement]', 'install PyTorch into the cache folder where it is missing')
    .option('--python <program>', 'an interpreter that has torch')
    .parse(args, { from: 'user' })
    .opts<Options>();

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const torchFor = async ({ python, torch }: Options): Promise<FoundTorch> => {
  const found = await findTorch(python);
  if ('python' in found || torch === undefined) return found;
  const requirement = typeof torch === 'string' ? torch : 'torch';
  say(`Installing ${requirement} with pip …`);
  return installTorch(requirement);
};

/** PyTorch's subjects say why they are missing where there is no torch. */
const subjectsFor = ({ subjects }: Options, torch: FoundTorch): Subject[] => {
  const missing = 'missing' in torch ? torch.missing : null;
  const references = referenceSubjects.map((subject) =>
    missing === null ? subject : { ...subject, unable: () => missing },
  );
  return [...engineSubjects, ...references].filter(({ id }) => subjects?.includes(id) ?? true);
};

const measureAll = async (
  tasks: readonly BenchTask[],
  contestants: readonly Contestant[],
  programs: Programs,
  rounds: number,
): Promise<Figure[]> => {
  const figures: Figure[] = [];
  for (const [index, task] of tasks.entries()) {
    say(`${index + 1}/${tasks.length}  ${task.title}`);
    figures.push(...(await measureTask(task, contestants, programs, rounds)));
  }
  return figures;
};

const machine = () => ({
  cores: cpus().length,
  processor: cpus()[0]?.model ?? 'unknown',
  node: process.versions.node,
  load: loadavg()[0] ?? NaN,
});

/** Steps at several batch sizes, then trainings of several lengths. */
const scaled = async (options: Options, programs: Programs): Promise<void> => {
  const chosen = engineSubjects.filter(({ id }) => (options.subjects ?? ['tensorflow']).includes(id));
  const contestants = chosen.flatMap((subject) => scalingBatches.map((batch) => ({ subject, batch })));
  const tasks = benchTasks.filter(({ id }) => (options.only ?? scalingTasks).includes(id));
  const figures = await measureAll(tasks, contestants, programs, options.rounds);
  const [task, subject] = [tasks[0], chosen[0]];
  const lengths =
    task && subject
      ? await measureLengths(task, { subject, batch: options.batch }, programs, scalingLengths)
      : [];
  if (options.json) return console.log(JSON.stringify({ machine: machine(), figures, lengths }, null, 2));
  console.log(`\n${formatScaling(figures, tasks)}\n${formatLengths(task?.title ?? '', lengths)}`);
};

const compared = async (options: Options, programs: Programs, torch: FoundTorch): Promise<void> => {
  const subjects = subjectsFor(options, torch);
  const contestants = subjects.map((subject) => ({ subject, batch: subject.batch(options.batch) }));
  const tasks = benchTasks.filter(({ id }) => options.only?.includes(id) ?? true);
  const rows = compare(await measureAll(tasks, contestants, programs, options.rounds), sgemm);
  const about = { machine: machine(), batch: options.batch, torch };
  if (options.json) return console.log(JSON.stringify({ ...about, rows }, null, 2));
  const { cores, processor, node, load } = about.machine;
  console.log(`\n${formatTable(rows, tasks, subjects)}\n`);
  console.log(
    `Batch ${options.batch}, ${cores} cores (${processor}), Node ${node}, load ${load.toFixed(1)}.`,
  );
  console.log(
    'Everyone takes turns. On a busy machine medians favour who needs fewer threads at once, so compare the least too; "to PyTorch" is to its best, by the sample.',
  );
};

const main = async (args: readonly string[]): Promise<void> => {
  const options = readOptions(args);
  const root = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), 'retort-bench-'));
  try {
    const torch = options.scaling ? { missing: 'not asked for' } : await torchFor(options);
    const programs: Programs = {
      worker: resolve(root, 'build', 'bench', 'worker.cjs'),
      models: resolve(root, 'test', 'bench', 'models.ts'),
      reference: resolve(root, 'test', 'bench', 'reference.py'),
      python: 'python' in torch ? torch.python : null,
      folder,
    };
    await (options.scaling ? scaled(options, programs) : compared(options, programs, torch));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

void main(process.argv.slice(2));
