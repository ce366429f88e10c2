import { createHash } from 'node:crypto';
import type { Trial } from './trials';
import type { Row } from './rows';

/** One training of the table: a recipe for one seed. */
export interface Order {
  /** `teacher`, `control` or a row's id. */
  row: string;
  task: Trial['task'];
  seed: number;
  recipe: Record<string, unknown>;
}

/** What a training showed. */
export interface Result {
  row: string;
  task: Trial['task'];
  seed: number;
  /** Changes with the recipe. */
  fingerprint: string;
  /** On the test split. */
  metrics: Record<string, number>;
  /** The teacher's, where there is one. */
  teacher: Record<string, number> | null;
  /** Milliseconds of one step of the student's stage, the median. */
  step: number;
  seconds: number;
  /** Numbers in variables that are not the student's: trained ones, and memories. */
  trained: number;
  remembered: number;
  /** The method's share of the gradient, the mean of what was measured; null where there is nothing to share with. */
  share: number | null;
  warnings: string[];
  /** The folder of the run's student. */
  student: string;
  failure: string | null;
}

export const fingerprintOf = ({ recipe }: Order): string =>
  createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 16);

/** A training that came to no end, and why. */
export const failedResult = (order: Order, failure: string): Result => ({
  row: order.row,
  task: order.task,
  seed: order.seed,
  fingerprint: fingerprintOf(order),
  metrics: {},
  teacher: null,
  step: NaN,
  seconds: 0,
  trained: 0,
  remembered: 0,
  share: null,
  warnings: [],
  student: '',
  failure,
});

const common = { control: false, keep: 'best', backend: 'tensorflow' } as const;

export const teacherOrder = (trial: Trial, networks: string): Order => ({
  row: 'teacher',
  task: trial.task,
  seed: 1,
  recipe: {
    ...common,
    name: `${trial.task} teacher`,
    task: trial.task,
    student: `${networks}#${trial.teacher}`,
    data: { ...trial.data, ...trial.teacherData },
    losses: [{ method: 'task', weight: 1 }],
    training: { ...trial.training, ...trial.teacherTraining },
    seed: 1,
  },
});

export const controlOrder = (trial: Trial, networks: string, seed: number): Order => ({
  row: 'control',
  task: trial.task,
  seed,
  recipe: {
    ...common,
    name: `${trial.task} control ${seed}`,
    task: trial.task,
    student: `${networks}#${trial.student}`,
    data: trial.data,
    losses: [{ method: 'task', weight: 1 }],
    training: trial.training,
    seed,
  },
});

const teacherFor = (trial: Trial, networks: string, teacher: string | null): Record<string, unknown> => {
  if (teacher === null) return {};
  if (!trial.teacherInRun) return { teacher: `${teacher}/model.json` };
  return { teacher: { model: `${networks}#${trial.teacher}`, train: trial.teacherTraining }, reuse: true };
};

/** `teacher`: the folder of the trained teacher; null for methods that need none. */
export const rowOrder = (
  row: Row,
  trial: Trial,
  networks: string,
  seed: number,
  teacher: string | null,
): Order => ({
  row: row.id,
  task: trial.task,
  seed,
  recipe: {
    ...controlOrder(trial, networks, seed).recipe,
    name: `${row.id.replace('/', ' ')} ${seed}`,
    ...teacherFor(trial, networks, teacher),
    losses: row.losses,
    // Measured in the first of the three runs: it takes time that the step's is not to have.
    training: { ...trial.training, sharesEvery: seed === 1 ? 50 : 0 },
  },
});
