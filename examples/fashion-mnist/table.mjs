// `npm run table -- [DATA FOLDER]`: what distilling buys on Fashion-MNIST, over three seeds, as a Markdown table.
// The teacher is trained once, in the first run; every run trains a distilled student and its control.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const project = resolve(here, '../..');
const retort = join(project, 'dist', 'retort.cjs');
const work = join(here, '.retort');
const seeds = [1, 2, 3];

/** Where the four IDX files may lie, in the order of preference. */
const candidates = () => {
  const tests = process.env.RETORT_TEST_DATA;
  return process.argv[2]
    ? [resolve(process.argv[2])]
    : [
        ...(tests ? [join(resolve(tests), 'fashion-mnist')] : []),
        join(here, 'data'),
        resolve(project, '../shared/data/fashion-mnist'),
      ];
};

/** The recipe with absolute paths, one seed, and the trained teacher where there is one. */
const recipeFor = (recipe, data, seed, teacher) => ({
  ...recipe,
  $schema: undefined,
  name: `fashion-mnist seed ${seed}`,
  seed,
  teacher: teacher ? { model: teacher } : { ...recipe.teacher, model: join(here, recipe.teacher.model) },
  student: join(here, recipe.student),
  data: {
    ...recipe.data,
    ...Object.fromEntries(
      ['images', 'labels', 'testImages', 'testLabels'].map((key) => [
        key,
        join(data, recipe.data[key].replace(/^data\//, '')),
      ]),
    ),
  },
});

const writeRecipe = async (name, recipe) => {
  const file = join(work, 'table', name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.part`, `${JSON.stringify(recipe, null, 2)}\n`);
  await rename(`${file}.part`, file);
  return file;
};

/** Executes a recipe and gives its report; progress goes to this terminal. */
const run = (file) =>
  new Promise((done, fail) => {
    const args = [retort, 'run', file, '--runs', join(work, 'runs'), '--backend', 'tensorflow', '--json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (part) => (text += part));
    child.once('error', fail);
    child.once('close', (code) => {
      if (code === 0) return done(JSON.parse(text));
      const failure = text.trim() ? JSON.parse(text).failure : undefined;
      fail(
        new Error(failure ? `${failure.message} ${failure.next}` : `The run ended with exit code ${code}.`),
      );
    });
  });

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard deviation of a sample. */
const deviation = (values) => {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
};

const percent = (share) => `${(100 * share).toFixed(2)} %`;
const points = (share) => `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(2)}`;
const accuracy = (figures) => figures.metrics.acc;
const spread = (values, write) => `${write(mean(values))} ± ${(100 * deviation(values)).toFixed(2)}`;
const row = (...cells) => `| ${cells.join(' | ')} |`;

const accuracyTable = (reports) => {
  const columns = [
    reports.map(({ student }) => accuracy(student)),
    reports.map(({ control }) => accuracy(control)),
    reports.map(({ gain }) => gain),
  ];
  return [
    row('Seed', 'Teacher', 'Student, with teacher', 'Student, without teacher', 'Gap in points'),
    row('---:', '---:', '---:', '---:', '---:'),
    ...reports.map(({ teacher, student, control, gain }, index) =>
      row(
        seeds[index],
        percent(accuracy(teacher)),
        percent(accuracy(student)),
        percent(accuracy(control)),
        points(gain),
      ),
    ),
    row(
      'mean ± deviation',
      percent(accuracy(reports[0].teacher)),
      ...columns.slice(0, 2).map((values) => spread(values, percent)),
      spread(columns[2], points),
    ),
  ].join('\n');
};

const sizeTable = ({ teacher, student }) =>
  [
    row('', 'Parameters', 'MACs', 'Size', 'Latency, one sample'),
    row('---', '---:', '---:', '---:', '---:'),
    ...[
      ['Teacher', teacher],
      ['Student', student],
    ].map(([name, { parameters, macs, bytes, latency }]) =>
      row(
        name,
        parameters.toLocaleString('en'),
        `${(macs / 1e6).toFixed(2)} M`,
        `${(bytes / 1e3).toFixed(1)} kB`,
        `${latency.median.toFixed(2)} ± ${latency.spread.toFixed(2)} ms`,
      ),
    ),
  ].join('\n');

const makeTable = async (data) => {
  const recipe = JSON.parse(await readFile(join(here, 'student.distill.json'), 'utf8'));
  const reports = [];
  let teacher;
  for (const seed of seeds) {
    const file = await writeRecipe(`seed-${seed}.distill.json`, recipeFor(recipe, data, seed, teacher));
    const report = await run(file);
    teacher ??= join(report.run, 'teacher', 'model.json');
    reports.push(report);
  }
  const minutes = reports.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
  console.log(`\n${accuracyTable(reports)}\n\n${sizeTable(reports[0])}\n`);
  console.log(
    `Measured on the ${reports[0].split} split; ${minutes.toFixed(0)} minutes on ${reports[0].backend.description}.`,
  );
};

const data = candidates().find((folder) => existsSync(join(folder, 'train-images-idx3-ubyte.gz')));
if (!existsSync(retort)) {
  console.error(`There is no ${retort}. Run npm run build, then npm run table again.`);
  process.exitCode = 1;
} else if (data === undefined) {
  console.log(
    `Skipped: Fashion-MNIST is not in ${candidates().join(', nor in ')}. Put its four IDX files there, or name their folder.`,
  );
} else {
  await makeTable(data).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
