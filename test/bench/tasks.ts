/** Networks of `models.ts` and of `reference.py`, by the same names. */
export type NetworkName = 'small' | 'student' | 'teacher';

interface Loss {
  method: string;
  weight: number;
  temperature?: number;
  pairs?: { teacher: string; student: string }[];
}

/** One piece of work that is timed. */
export interface BenchTask {
  id: string;
  title: string;
  /**
   * `step`: a training step, its batch made beforehand; `forward`: inference; `batches`: a training batch with
   * augmentation out of the data set; `matmul`: two square float32 matrices, the machine's own measure.
   */
  kind: 'matmul' | 'batches' | 'forward' | 'step';
  network: NetworkName;
  teacher?: NetworkName;
  /** The teacher's outputs are kept, as they are from the second epoch on; PyTorch's teacher runs in every step. */
  kept?: true;
  losses: Loss[];
  optimizer: { kind: 'sgd' | 'adam' };
}

const taskLoss: Loss = { method: 'task', weight: 1 };
const kdLoss: Loss = { method: 'kd', weight: 0.9, temperature: 4 };
const cwdLoss: Loss = {
  method: 'cwd',
  weight: 3,
  temperature: 4,
  pairs: [
    { teacher: 'stage2-5', student: 'stage2-1' },
    { teacher: 'stage3-5', student: 'stage3-1' },
  ],
};

const sgd = { kind: 'sgd' } as const;

export const benchTasks: readonly BenchTask[] = [
  { id: 'sgemm', title: 'matrix product', kind: 'matmul', network: 'small', losses: [], optimizer: sgd },
  {
    id: 'batches',
    title: 'input pipeline (flip, crop)',
    kind: 'batches',
    network: 'student',
    losses: [taskLoss],
    optimizer: sgd,
  },
  {
    id: 'small-step',
    title: 'student step, small CNN',
    kind: 'step',
    network: 'small',
    losses: [taskLoss],
    optimizer: { kind: 'adam' },
  },
  {
    id: 'student-step',
    title: 'student step, ResNet8x4-like',
    kind: 'step',
    network: 'student',
    losses: [taskLoss],
    optimizer: sgd,
  },
  {
    id: 'teacher-forward',
    title: 'teacher forward, ResNet32x4-like',
    kind: 'forward',
    network: 'teacher',
    losses: [],
    optimizer: sgd,
  },
  {
    id: 'kd-step',
    title: 'whole KD step with teacher',
    kind: 'step',
    network: 'student',
    teacher: 'teacher',
    losses: [{ ...taskLoss, weight: 0.1 }, kdLoss],
    optimizer: sgd,
  },
  {
    id: 'kd-cwd-step',
    title: 'whole KD + CWD step with teacher',
    kind: 'step',
    network: 'student',
    teacher: 'teacher',
    losses: [{ ...taskLoss, weight: 0.1 }, kdLoss, cwdLoss],
    optimizer: sgd,
  },
  {
    id: 'kd-cwd-kept-step',
    title: 'the same from the second epoch on, with kept teacher outputs',
    kind: 'step',
    network: 'student',
    teacher: 'teacher',
    kept: true,
    losses: [{ ...taskLoss, weight: 0.1 }, kdLoss, cwdLoss],
    optimizer: sgd,
  },
];

/** Side of the square matrices. */
export const matrixSide = 2048;
