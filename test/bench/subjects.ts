import { supportedSets } from '../../engine/backend/instructionSets';
import { findNativeKernels } from '../../engine/backend/nativeKernels';
import type { BenchTask } from './tasks';
import { matrixSide } from './tasks';
import type { EngineSubject } from './work';
import type { WorkerOrder } from './worker';

/** Where the bench finds what it starts. */
export interface Programs {
  /** The bundled worker. */
  worker: string;
  models: string;
  reference: string;
  /** An interpreter that has torch; null where there is none. */
  python: string | null;
  /** For generated data sets. */
  folder: string;
}

/** Something that does a task. */
export interface Subject {
  id: string;
  title: string;
  isReference: boolean;
  /** Why it does not do this task; null where it does. */
  unable(task: BenchTask): string | null;
  /** The batch it is timed with; figures are compared by the sample. */
  batch(wanted: number): number;
  command(task: BenchTask, batch: number, programs: Programs): { program: string; args: string[] };
}

/** Plain JavaScript takes more than a second a sample. */
const cpuBatch = 1;

const engine = (
  id: string,
  title: string,
  subject: EngineSubject,
  unable: Subject['unable'],
  batch: Subject['batch'] = (wanted) => wanted,
): Subject => ({
  id,
  title,
  isReference: false,
  unable,
  batch,
  command: (task, size, { worker, models, folder }) => {
    const order: WorkerOrder = { task: task.id, subject, folder, models, batch: size };
    return { program: process.execPath, args: [worker, JSON.stringify(order)] };
  },
});

const reference = (id: string, title: string, channelsLast: boolean): Subject => ({
  id,
  title,
  isReference: true,
  unable: (task) => (channelsLast && task.kind === 'matmul' ? 'a matrix has no memory format' : null),
  batch: (wanted) => wanted,
  command: (task, batch, { reference: file, python }) => ({
    program: python ?? 'python3',
    args: [file, JSON.stringify({ task, batch, channelsLast, matrixSide })],
  }),
});

export const engineSubjects: readonly Subject[] = [
  engine('tensorflow', 'Retort, TensorFlow, one graph', { backend: 'tensorflow', graph: true }, () => null),
  engine(
    'tensorflow-eager',
    'Retort, TensorFlow, by operation',
    { backend: 'tensorflow', graph: false },
    ({ kind }) => (kind === 'step' || kind === 'forward' ? null : 'the same as above'),
  ),
  engine('wasm', 'Retort, WebAssembly', { backend: 'wasm', graph: false, plain: true }, () => null),
  engine('wasm-native', 'Retort, WebAssembly, native kernels', { backend: 'wasm', graph: false }, () =>
    supportedSets().some((set) => findNativeKernels(set) !== null)
      ? null
      : '`retort backends --kernels` first',
  ),
  engine(
    'cpu',
    'Retort, plain JavaScript',
    { backend: 'cpu', graph: false },
    ({ id }) => (id === 'small-step' ? null : 'it would take minutes'),
    () => cpuBatch,
  ),
];

export const referenceSubjects: readonly Subject[] = [
  reference('torch', 'PyTorch, contiguous', false),
  reference('torch-channels-last', 'PyTorch, channels_last', true),
];
