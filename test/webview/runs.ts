import type { RunSnapshot } from '../../engine/contract/pages';
import type { MetricPoint, ModelFigures, RunReport, RunState } from '../../engine/contract/run';

/** A small generator (mulberry32), so that the drawn runs are the same each time. */
const generator = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
};

export interface RunShape {
  id?: string;
  name?: string;
  status?: RunState['status'];
  stages?: string[];
  /** Train points of each stage; ten make an epoch of a hundred steps. */
  points?: number;
  /** Where the accuracy of the student ends. */
  level?: number;
  report?: boolean;
}

const epochOf = (index: number) => Math.floor(index / 10) + 1;

const stagePoints = (stage: string, count: number, level: number, seed: number): MetricPoint[] => {
  const random = generator(seed);
  const made: MetricPoint[] = [];
  for (let index = 0; index < count; index++) {
    const done = (index + 1) / count;
    const step = (index + 1) * 10;
    const fall = Math.exp(-4 * done);
    const noise = () => (random() - 0.5) * (0.05 + 0.35 * fall);
    const task = 0.25 + 2 * fall + noise() * 0.6;
    const kd = 0.8 + 5 * fall + noise() * 1.5;
    const cwd = 0.1 + 1.4 * fall + noise() * 0.2;
    const terms =
      stage === 'student'
        ? { 'loss/task': task, 'loss/kd': kd, 'loss/cwd:conv5': cwd, loss: task + kd + cwd }
        : { loss: task };
    const acc = level * (1 - 0.75 * fall) + noise() * 0.25;
    const lr = 0.05 * 0.5 * (1 + Math.cos(Math.PI * done));
    made.push({ stage, step, epoch: epochOf(index), split: 'train', values: { ...terms, acc, lr } });
    if (index % 10 === 9) {
      const values = {
        val_loss: task * 1.1 + 0.05,
        val_acc: level * (1 - 0.7 * fall) - 0.01 + noise() * 0.05,
      };
      made.push({ stage, step, epoch: epochOf(index), split: 'validation', values });
    }
  }
  return made;
};

export const figures = (name: string, parameters: number, acc: number): ModelFigures => ({
  name,
  parameters,
  macs: parameters * 31,
  bytes: parameters * 4,
  latency: { median: parameters / 90_000, spread: 0.21 },
  metrics: { acc, loss: 0.31 },
});

export const backend = { name: 'tensorflow', description: 'TensorFlow 2.21.0, CPU', passedOver: [] } as const;

const reportOf = (shape: Required<RunShape>): RunReport => ({
  run: shape.id,
  name: shape.name,
  status: 'done',
  task: 'classification',
  split: 'test',
  teacher: figures('teacher.ts#wide', 1_234_567, 0.9312),
  student: figures('student.ts#small', 96_410, shape.level),
  control: figures('student.ts#small', 96_410, shape.level - 0.0125),
  gain: 0.0125,
  metrics: { best: { epoch: 18, value: shape.level, metric: 'val_acc' }, last: {} },
  backend: { ...backend, passedOver: [] },
  seconds: 240,
  hashes: {},
  versions: {},
});

export const stateOf = (shape: Required<RunShape>): RunState => {
  const epochs = Math.max(1, shape.points / 10);
  const running = shape.status === 'training';
  const total = shape.stages.length * epochs * 100;
  return {
    version: 1,
    status: shape.status,
    pid: running ? 4711 : null,
    backend: { ...backend, passedOver: [] },
    stages: shape.stages.map((name) => ({ name, epochs, stepsPerEpoch: 100 })),
    stage: shape.stages.length - 1,
    epoch: Math.ceil(epochs * (running ? 0.7 : 1)),
    step: shape.points * 10,
    totalStep: shape.points === 0 ? 0 : running ? total * 0.7 : total,
    totalSteps: total,
    secondsLeft: running ? 200 : null,
    latest: { 'student/val_acc': shape.level, 'student/loss': 0.42 },
    best: { epoch: 3, metric: 'val_acc', value: shape.level },
    checkpoint: running ? 1200 : total,
    failure: null,
    startedAt: '2026-01-02T03:04:05.000Z',
    updatedAt: '2026-01-02T03:08:05.000Z',
  };
};

/** A run as the host would send it, with curves that look like training. */
export const fakeRun = (wanted: RunShape = {}): RunSnapshot => {
  const shape: Required<RunShape> = {
    id: '20260102-030405-digits',
    name: 'digits',
    status: 'training',
    stages: ['student', 'control'],
    points: 200,
    level: 0.915,
    report: false,
    ...wanted,
  };
  const points = shape.stages.flatMap((stage, index) => {
    const level = stage === 'control' ? shape.level - 0.02 : stage === 'teacher' ? 0.94 : shape.level;
    return stagePoints(stage, shape.points, level, index * 97 + Math.round(shape.level * 1000));
  });
  return {
    id: shape.id,
    name: shape.name,
    state: stateOf(shape),
    recipe: {} as RunSnapshot['recipe'],
    points,
    report: shape.report ? reportOf(shape) : null,
  };
};
