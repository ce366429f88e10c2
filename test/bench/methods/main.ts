// `npm run methods-table`: what every method buys with a small budget, on real data of its task, over three seeds.
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { methods } from '../../../engine/methods/registry';
import { writeWhole } from '../../../engine/wholeFile';
import { prepareNuclei } from './nuclei';
import { controlOrder, rowOrder, teacherOrder, type Order, type Result } from './orders';
import { rowsOf, type Row } from './rows';
import { Store } from './store';
import { lineOf, type Line } from './summary';
import { tableText } from './tableText';
import { trainAll } from './trainings';
import { trialsOn, type Trial } from './trials';
import { mainMetric } from '../../../engine/contract/measures';

interface Options {
  json: boolean;
  fresh: boolean;
  seeds: number;
  data?: string;
  out: string;
}

const positive = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above zero.');
};

const readArguments = (args: readonly string[]): { wanted: string[]; options: Options } => {
  const program = new Command('npm run methods-table --')
    .description(
      'Trains with every method on a small budget, and shows what each buys. Goes on where it was cut off.',
    )
    .argument('[methods...]', 'only these methods, or lines such as cgan-kd/regression')
    .option('--json', 'print the lines as one JSON document', false)
    .option('--fresh', 'train everything again', false)
    .option('--seeds <count>', 'trainings of each method', positive, 3)
    .option('--data <folder>', 'the folder that holds fashion-mnist and dsb2018-nuclei')
    .option('--out <folder>', 'where results and the table go', join('build', 'methods-table'))
    .parse(args, { from: 'user' });
  return { wanted: program.args, options: program.opts<Options>() };
};

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const dataFolder = (named: string | undefined): string => {
  const tests = process.env['RETORT_TEST_DATA'];
  const folder = resolve(named ?? tests ?? '../shared/data');
  if (existsSync(join(folder, 'fashion-mnist')) && existsSync(join(folder, 'dsb2018-nuclei'))) return folder;
  throw new Error(
    `${folder} does not hold fashion-mnist and dsb2018-nuclei. Name the folder that does with --data.`,
  );
};

const chosenRows = (wanted: readonly string[]): Row[] => {
  const rows = rowsOf(methods);
  const unknown = wanted.find((one) => !rows.some(({ id, method }) => id === one || method === one));
  if (unknown !== undefined)
    throw new Error(`There is no line ${unknown}. Choose from ${rows.map(({ id }) => id).join(', ')}.`);
  return wanted.length === 0
    ? rows
    : rows.filter(({ id, method }) => wanted.includes(id) || wanted.includes(method));
};

const minutes = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;

/** Says what was trained and how long the rest will take at this pace. */
class Progress {
  private done = 0;
  private readonly began = performance.now();

  constructor(private total: number) {}

  tell({ row, task, seed, metrics, seconds, failure }: Result): void {
    this.done += 1;
    const metric = mainMetric[task];
    const passed = (performance.now() - this.began) / 1000;
    const left = Math.max(0, (passed / this.done) * (this.total - this.done));
    const outcome = failure ?? `${metric} ${(metrics[metric] ?? NaN).toFixed(4)} in ${seconds.toFixed(1)} s`;
    say(`${this.done}/${this.total}  ${task} ${row} seed ${seed}: ${outcome}; about ${minutes(left)} left`);
  }
}

/** Everything about one call of the program. */
class Table {
  private readonly seeds: number[];

  constructor(
    private readonly trials: readonly Trial[],
    private readonly rows: readonly Row[],
    private readonly store: Store,
    private readonly options: Options,
    private readonly programs: { networks: string; worker: string },
  ) {
    this.seeds = Array.from({ length: options.seeds }, (_, index) => index + 1);
  }

  async train(): Promise<void> {
    const teachers = this.trials.filter(
      ({ task, teacherInRun }) => !teacherInRun && this.rowsOn(task).some((row) => this.needsTeacher(row)),
    );
    const first = [
      ...teachers.map((trial) => teacherOrder(trial, this.programs.networks)),
      ...this.trials.flatMap((trial) =>
        this.seeds.map((seed) => controlOrder(trial, this.programs.networks, seed)),
      ),
    ].filter((order) => !this.store.has(order));
    const progress = new Progress(first.length + this.rows.length * this.seeds.length);
    await this.execute(first, progress);
    for (const row of this.rows) {
      const orders = this.ordersOf(row);
      const left = orders.filter((order) => !this.store.has(order));
      for (const order of orders.filter((one) => !left.includes(one)))
        progress.tell(this.store.of(order) as Result);
      await this.execute(left, progress);
    }
  }

  lines(): Line[] {
    return this.rows.flatMap((row) => lineOf(row, this.current()) ?? []);
  }

  text(): string {
    const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}, load ${(loadavg()[0] ?? 0).toFixed(1)}.`;
    return tableText(this.trials, this.lines(), this.current(), machine);
  }

  /** Results of the recipes as they are now: those of earlier ones are no part of the table. */
  private current(): Result[] {
    const controls = this.trials.flatMap((trial) =>
      this.seeds.map((seed) => controlOrder(trial, this.programs.networks, seed)),
    );
    const orders = [...controls, ...this.rows.flatMap((row) => this.ordersOf(row))];
    return orders.flatMap((order) => this.store.of(order) ?? []);
  }

  private rowsOn(task: Trial['task']): Row[] {
    return this.rows.filter((row) => row.task === task);
  }

  private needsTeacher({ method }: Row): boolean {
    return methods.find(({ id }) => id === method)?.needsTeacher ?? false;
  }

  /** Without a teacher that was trained, a row that needs one has an order that fails and says so. */
  private ordersOf(row: Row): Order[] {
    const trial = this.trials.find(({ task }) => task === row.task) as Trial;
    const trained = this.store.of(teacherOrder(trial, this.programs.networks));
    const teacher = this.needsTeacher(row) ? (trained?.student ?? 'missing') : null;
    return this.seeds.map((seed) => rowOrder(row, trial, this.programs.networks, seed, teacher));
  }

  private execute(orders: readonly Order[], progress: Progress): Promise<void> {
    const place = { worker: this.programs.worker, folder: resolve(this.options.out), patienceMs: 900_000 };
    return trainAll(orders, place, async (result) => {
      await this.store.add(result);
      progress.tell(result);
      await writeWhole(join(this.options.out, 'table.md'), this.text());
    });
  }
}

const main = async (args: readonly string[]): Promise<void> => {
  const { wanted, options } = readArguments(args);
  const rows = chosenRows(wanted);
  const data = dataFolder(options.data);
  const nuclei = resolve(options.out, 'nuclei');
  if (rows.some(({ task }) => task !== 'classification' && task !== 'features'))
    await prepareNuclei(join(data, 'dsb2018-nuclei'), nuclei);
  const used = trialsOn({ fashion: join(data, 'fashion-mnist'), nuclei }).filter(({ task }) =>
    rows.some((row) => row.task === task),
  );
  const store = await Store.open(join(options.out, 'results.json'), options.fresh);
  const table = new Table(used, rows, store, options, {
    networks: resolve('test', 'bench', 'methods', 'networks.ts'),
    worker: resolve('build', 'bench', 'methods', 'worker.cjs'),
  });
  await table.train();
  console.log(options.json ? JSON.stringify(table.lines(), null, 2) : table.text());
  if (!options.json) say(`Written to ${join(options.out, 'table.md')}.`);
};

// A signal ends the training as well: its process is killed on exit. What was trained is kept.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

main(process.argv.slice(2)).catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
