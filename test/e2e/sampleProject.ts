import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../setup/project.mjs';

const sample = join(projectRoot, 'examples', 'shapes');
/** Enough pictures a class for curves that rise, few enough for a run of a minute. */
const perClass = { train: 240, test: 50 };

/** A newcomer's project: the sample's model code and some of its pictures, no recipe yet. */
export interface SampleProject {
  folder: string;
  read(file: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
  /** The run folders there are, newest first. */
  runs(): Promise<string[]>;
  remove(): Promise<void>;
}

const copyPictures = async (folder: string): Promise<void> => {
  execFileSync(process.execPath, [join(sample, 'draw.mjs')], { cwd: sample, stdio: 'pipe' });
  for (const [split, count] of Object.entries(perClass))
    for (const name of await readdir(join(sample, 'data', split))) {
      const [from, to] = [join(sample, 'data', split, name), join(folder, 'data', split, name)];
      await mkdir(to, { recursive: true });
      const pictures = (await readdir(from)).sort().slice(0, count);
      await Promise.all(pictures.map((picture) => cp(join(from, picture), join(to, picture))));
    }
};

const shortRecipe = {
  name: 'short',
  teacher: { model: 'teacher.ts#teacher', train: { epochs: 1 } },
  student: 'student.ts#student',
  data: { kind: 'folders', path: 'data/train', testPath: 'data/test', input: { divide: 255 }, limit: 192 },
  losses: [{ method: 'task' }, { method: 'kd' }],
  training: { epochs: 2 },
  control: false,
};

/** Makes a run of the project that has ended, with the command line. */
export const finishRun = async (project: SampleProject): Promise<void> => {
  await project.write('short.distill.json', JSON.stringify(shortRecipe));
  const retort = join(projectRoot, 'dist', 'retort.cjs');
  const runs = join(project.folder, '.retort', 'runs');
  execFileSync(process.execPath, [retort, 'run', 'short.distill.json', '--runs', runs, '--json'], {
    cwd: project.folder,
    stdio: 'pipe',
  });
};

export const makeSampleProject = async (): Promise<SampleProject> => {
  const parent = await mkdtemp(join(tmpdir(), 'retort-walk-'));
  const folder = join(parent, 'shapes');
  await mkdir(folder);
  for (const file of ['student.ts', 'teacher.ts']) await cp(join(sample, file), join(folder, file));
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  await copyPictures(folder);
  const runsFolder = join(folder, '.retort', 'runs');
  return {
    folder,
    read: (file) => readFile(join(folder, file), 'utf8'),
    write: (file, text) => writeFile(join(folder, file), text),
    runs: async () => {
      const names = await readdir(runsFolder).catch(() => []);
      return names
        .filter((name) => !name.endsWith('.tmp'))
        .sort()
        .reverse()
        .map((name) => join(runsFolder, name));
    },
    remove: () => rm(parent, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
  };
};
