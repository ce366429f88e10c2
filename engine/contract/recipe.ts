import { z } from 'zod';
import { dataSchema, inputSchema } from './data';

/** What a recipe says. `loss` is the union of every method's options (see engine/methods/registry.ts). */
export const tasks = ['classification', 'regression', 'segmentation', 'detection', 'features'] as const;
export type Task = (typeof tasks)[number];

export const optimizerSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sgd'),
    momentum: z.number().min(0).lt(1).default(0.9),
    nesterov: z.boolean().default(false),
    weightDecay: z.number().min(0).default(0.0005).describe('Added to the gradient: g + weightDecay * w.'),
  }),
  z.strictObject({
    kind: z.literal('adam'),
    beta1: z.number().min(0).lt(1).default(0.9),
    beta2: z.number().min(0).lt(1).default(0.999),
    epsilon: z.number().positive().default(1e-8),
    weightDecay: z.number().min(0).default(0).describe('Added to the gradient.'),
  }),
  z.strictObject({
    kind: z.literal('adamw'),
    beta1: z.number().min(0).lt(1).default(0.9),
    beta2: z.number().min(0).lt(1).default(0.999),
    epsilon: z.number().positive().default(1e-8),
    weightDecay: z.number().min(0).default(0.01).describe('Decoupled: w - lr * weightDecay * w.'),
  }),
]);

const warmup = z.number().min(0).default(0).describe('Epochs over which the learning rate rises from zero.');
export const scheduleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), warmup }),
  z.strictObject({
    kind: z.literal('step'),
    warmup,
    milestones: z
      .array(z.number().positive())
      .describe('Epochs after which the rate is multiplied by gamma.'),
    gamma: z.number().positive().default(0.1),
  }),
  z.strictObject({
    kind: z.literal('cosine'),
    warmup,
    floor: z.number().min(0).default(0).describe('Final learning rate.'),
  }),
]);

const trainingFields = {
  epochs: z.int().positive(),
  batchSize: z.int().positive(),
  learningRate: z.number().positive().describe('At its peak, after the warm-up.'),
  optimizer: optimizerSchema,
  schedule: scheduleSchema,
  logEvery: z.int().positive().describe('Steps between two points of the live curves.'),
  checkpointEvery: z
    .int()
    .positive()
    .optional()
    .describe('Steps between checkpoints; without it, one an epoch.'),
  sharesEvery: z
    .int()
    .min(0)
    .describe(
      'Steps between two measurements of how much of the gradient each loss makes up; one costs an extra pass a loss. 0: never.',
    ),
};

export const trainingSchema = z.strictObject({
  ...trainingFields,
  epochs: trainingFields.epochs.default(10),
  batchSize: trainingFields.batchSize.default(64),
  learningRate: trainingFields.learningRate.default(0.05),
  optimizer: trainingFields.optimizer.prefault({ kind: 'sgd' }),
  schedule: trainingFields.schedule.prefault({ kind: 'cosine' }),
  logEvery: trainingFields.logEvery.default(10),
  sharesEvery: trainingFields.sharesEvery.default(100),
});

/** Settings of one stage that differ from the training section's. */
const trainingChanges = z.strictObject(trainingFields).partial();
export type TrainingChanges = z.infer<typeof trainingChanges>;
export type Training = z.infer<typeof trainingSchema>;
export type OptimizerOptions = z.infer<typeof optimizerSchema>;
export type ScheduleOptions = z.infer<typeof scheduleSchema>;

const modelReference = z
  .string()
  .min(1)
  .describe('A model file, or `file#export` for model code; relative to the recipe.');

const weights = z
  .string()
  .min(1)
  .optional()
  .describe(
    'A model file, relative to the recipe, whose weights the network starts from: by name, then layer by layer in order where the shapes agree.',
  );

export const teacherSchema = z.strictObject({
  model: modelReference,
  weights,
  input: inputSchema
    .optional()
    .describe('Only where the teacher expects other values than the data section says.'),
  train: trainingChanges
    .optional()
    .describe('Train this teacher first; settings left out are the training section’s.'),
});

export const studentSchema = z.strictObject({
  model: modelReference,
  weights,
  input: inputSchema.optional(),
});

/** A string is the short form of `{ "model": string }`. */
const short = modelReference.transform((model) => ({ model }));
const teacherOrShort = z.union([short.pipe(teacherSchema), teacherSchema]);
const studentOrShort = z.union([short.pipe(studentSchema), studentSchema]);

export const pairSchema = z.strictObject({
  teacher: z.string().min(1).describe('A layer of the teacher, or `logits`.'),
  student: z.string().min(1).describe('A layer of the student, or `logits`.'),
  adapter: z
    .enum([
      'auto',
      'none',
      'resize',
      'assign',
      'conv1x1',
      'conv1x1-bn',
      'conv1x1-bn-relu',
      'conv3x3',
      'conv3x3-stride2',
      'conv4x4-transposed',
      'convreg',
      'linear',
      'mlp',
    ])
    .default('auto')
    .describe('The train-only module that gives the student’s tap the teacher’s shape.'),
  channels: z
    .array(z.int().min(0))
    .optional()
    .describe(
      'Only for the adapter `assign`: for each of the teacher’s channels, the number of the student’s that stands for it.',
    ),
});
export type Pair = z.infer<typeof pairSchema>;
export type AdapterKind = Pair['adapter'];

/** Keys every loss has beside its method's own parameters. */
export const lossKeys = {
  weight: z
    .number()
    .min(0)
    .optional()
    .describe('Multiplies the loss; without it, the method’s published weight.'),
  pairs: z.array(pairSchema).optional().describe('Which layers are matched; without it, proposed.'),
};

/** One entry of `losses`, parsed: the method's own parameters lie beside `method`, `weight` and `pairs`. */
export interface LossOptions {
  method: string;
  weight?: number | undefined;
  pairs?: Pair[] | undefined;
  [parameter: string]: unknown;
}

export const cacheSchema = z
  .strictObject({
    memory: z.number().min(0).default(1024).describe('Megabytes kept in memory.'),
    disk: z
      .number()
      .min(0)
      .default(4096)
      .describe('Megabytes kept in the run’s folder, until its training is over.'),
  })
  .describe(
    'Where training pictures come back, the teacher’s outputs are kept and not computed again, if they fit. Both 0: never kept.',
  );
export type CacheOptions = z.infer<typeof cacheSchema>;

const taskSchema = z
  .enum(tasks)
  .default('classification')
  .describe(
    'What the student learns: classes, values, the class of each pixel, boxes, or features that a linear classifier can read.',
  );

const teachersSchema = z
  .union([teacherOrShort.transform((one) => [one]), z.array(teacherOrShort)])
  .optional()
  .describe('The network to learn from, or several; left out for methods that need none.');

/** Builds the recipe's schema around the union of all methods' options. */
export const recipeSchema = <L extends z.ZodType<LossOptions>>(loss: L) =>
  z.strictObject({
    $schema: z.string().optional(),
    name: z
      .string()
      .regex(/^[\w .-]{1,80}$/)
      .optional()
      .describe('Shown in the run list; without it, the file’s name.'),
    task: taskSchema,
    teacher: teachersSchema,
    student: studentOrShort,
    data: dataSchema,
    losses: z.array(loss).min(1).describe('What the student minimises: the sum of weight * loss.'),
    training: trainingSchema.prefault({}),
    seed: z.int().min(0).default(1),
    control: z
      .boolean()
      .default(true)
      .describe('Also train the same student without the teacher, to see what distilling bought.'),
    keep: z
      .enum(['best', 'last'])
      .default('best')
      .describe('Which weights are exported: of the best validation epoch, or of the last.'),
    export: z
      .enum(['student', 'best'])
      .default('student')
      .describe(
        'Of students that learn together (dml, mcl, lmcl, mfef, hsakd-online): the first, or the one that validates best.',
      ),
    reuse: z
      .boolean()
      .default(false)
      .describe(
        'Take trained teachers and methods’ own stages over from earlier runs with the very same settings, and keep them for later ones.',
      ),
    cache: cacheSchema.prefault({}),
    backend: z.enum(['auto', 'tensorflow', 'wasm', 'cpu']).default('auto'),
  });
export type Recipe = z.infer<ReturnType<typeof recipeSchema<z.ZodType<LossOptions>>>>;

export const recipeSuffix = '.distill.json';
