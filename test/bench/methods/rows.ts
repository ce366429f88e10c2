import type { LossOptions, Task } from '../../../engine/contract/recipe';
import type { Method } from '../../../engine/methods/method';
import { readings } from './readings';

/** One line of the table: a method on one task. */
export interface Row {
  /** `kd`, or `cgan-kd/regression` where a method has several lines. */
  id: string;
  method: string;
  task: Task;
  losses: LossOptions[];
  /** Why it does what it does here, for lines that need it. */
  reading?: string;
}

interface Override {
  tasks?: Task[];
  /** Weight of the task loss beside the method; 1 without it. */
  taskWeight?: number;
  options?: Record<string, unknown>;
  /** What differs on one of the tasks. */
  optionsOn?: Partial<Record<Task, Record<string, unknown>>>;
}

/** Methods that are meant for another task than classification, come with a task weight, or need a budget. */
const overrides: Readonly<Record<string, Override>> = {
  kd: { taskWeight: 0.1 },
  ctkd: { taskWeight: 0.1 },
  sskd: { taskWeight: 0.1, options: { headEpochs: 2 } },
  // Classifiers on the largest maps, four pictures for one, would take a third of the whole table's time.
  hsakd: {
    options: { headEpochs: 2, pairs: ['stage2', 'stage3'].map((tap) => ({ teacher: tap, student: tap })) },
  },
  pi: { tasks: ['segmentation'] },
  la: { tasks: ['segmentation'] },
  pa: { tasks: ['segmentation'] },
  csc: { tasks: ['segmentation'] },
  ho: { tasks: ['segmentation'] },
  cwd: { tasks: ['classification', 'segmentation'] },
  simreg: { tasks: ['features'] },
  sns: { tasks: ['features'], options: { ganEpochs: 10, width: 16, dimension: 128 } },
  ifvd: { tasks: ['segmentation'] },
  'det-li': { tasks: ['detection'] },
  'det-wang': { tasks: ['detection'] },
  'det-zm': { tasks: ['detection'] },
  'cgan-kd': {
    tasks: ['classification', 'regression'],
    options: { ganEpochs: 15, filterEpochs: 2, samples: 6000, width: 16 },
    optionsOn: { regression: { ganEpochs: 60, samples: 1000 } },
  },
};

/** The lines of every method, in the registry's order. */
export const rowsOf = (methods: readonly Method[]): Row[] =>
  methods
    .filter(({ id }) => id !== 'task')
    .flatMap((method) => {
      const { taskWeight = 1, options = {}, optionsOn = {}, ...own } = overrides[method.id] ?? {};
      const first = method.tasks[0] ?? 'classification';
      const tasks = own.tasks ?? [method.tasks.includes('classification') ? 'classification' : first];
      return tasks.map((task) => {
        const id = task === tasks[0] ? method.id : `${method.id}/${task}`;
        const losses = [
          { method: 'task', weight: taskWeight },
          { method: method.id, ...options, ...optionsOn[task] },
        ];
        const reading = readings[id];
        return { id, method: method.id, task, losses, ...(reading === undefined ? {} : { reading }) };
      });
    });
