import { z } from 'zod';

/** What a recipe says. `loss` is the union of every method's options (see engine/methods/registry.ts). */
export const tasks = ['classification', 'regression', 'segmentation', 'detection', 'features'] as const;
export type Task = (typeof tasks)[number];

const input = z
  .strictObject({
    divide: z.number().positive().optional().describe('Divide every value by this, e.g. 255 for bytes.'),
    mean: z.array(z.number()).optional().describe('Then subtract these, one number per channel.'),
    std: z.array(z.number().positive()).optional().describe('Then divide by these, one number per channel.'),
  })
  .describe('How raw values become what the network expects: (x / divide - mean) / std.');

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

export const teacherSchema = z.strictObject({
  model: modelReference,
  input: input.optional().describe('Only where the teacher expects other values than the data section says.'),
  train: trainingChanges
    .optional()
    .describe('Train this teacher first; settings left out are the training section’s.'),
});

export const studentSchema = z.strictObject({
  model: modelReference,
  input: input.optional(),
});

/** A string is the short form of `{ "model": string }`. */
const short = modelReference.transform((model) => ({ model }));
const teacherOrShort = z.union([short.pipe(teacherSchema), teacherSchema]);
const studentOrShort = z.union([short.pipe(studentSchema), studentSchema]);

const size = z.tuple([z.int().positive(), z.int().positive()]);
const common = {
  input: input.optional(),
  augment: z
    .strictObject({
      flip: z.boolean().default(false).describe('Mirror left and right, half of the time.'),
      crop: z.int().min(0).default(0).describe('Pad by this many pixels and crop back at random.'),
      repeat: z
        .int()
        .min(0)
        .default(0)
        .describe(
          'How many different pictures each sample has; epochs take turns with them, so that the teacher’s outputs can be kept. 0: new ones in every epoch.',
        ),
    })
    .prefault({})
    .describe('Applied to training batches only; teacher and student see the same picture.'),
  validation: z
    .number()
    .min(0)
    .lt(1)
    .default(0.1)
    .describe('Share of the training samples kept aside to choose the best epoch.'),
  limit: z
    .int()
    .positive()
    .optional()
    .describe('Use only this many training samples (the same ones for one seed).'),
};
const folder = z.string().min(1);

const picture = {
  size: size
    .optional()
    .describe('Height and width that every image is resized to; without it, the student’s input size.'),
  channels: z.union([z.literal(1), z.literal(3)]).optional(),
};
const standardise = z
  .boolean()
  .default(true)
  .describe(
    'Regression: learn targets as (value - mean) / std of the training samples; the exported student gives values in the target’s units. False where a teacher from elsewhere predicts in those units.',
  );
const classNames = z
  .array(z.string().min(1))
  .optional()
  .describe('Names of the classes in their order; without it, those that occur, sorted.');
/** A number of a mask’s pixels, or a colour of a mask in colours. */
const pixel = z.union([z.int().min(0), z.string().regex(/^#[0-9a-fA-F]{6}$/)]);
const columnName = z.string().min(1);

export const dataSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('idx'),
    images: folder.describe('IDX file of the training images, .gz or not.'),
    labels: folder.describe('Class numbers; in regression values, in segmentation masks.'),
    testImages: folder.optional(),
    testLabels: folder.optional(),
    standardise,
    ...common,
  }),
  z.strictObject({
    kind: z.literal('folders'),
    path: folder.describe('A folder with one folder of images per class (PNG or JPEG).'),
    testPath: folder.optional(),
    ...picture,
    ...common,
  }),
  z.strictObject({
    kind: z.literal('arrays'),
    images: folder.describe(
      '`file.npy`, or `file.npz#name`: [samples, height, width, channels] or [samples, features].',
    ),
    labels: folder.describe(
      '`file.npy`, or `file.npz#name`: class numbers, or one-hot rows. In regression values [samples] or [samples, outputs]; in segmentation masks [samples, height, width]; in detection boxes [samples, boxes, 5]: top, left, bottom, right from 0 to 1 and the class, -1 where a row holds no box.',
    ),
    testImages: folder.optional(),
    testLabels: folder.optional(),
    standardise,
    ...common,
  }),
  z.strictObject({
    kind: z.literal('masks'),
    images: folder.describe('A folder of images (PNG or JPEG), folders within it included.'),
    masks: folder.describe(
      'A folder with a PNG mask for each image: the same name and place, or with _mask after the name. Grey or palette numbers are classes.',
    ),
    testImages: folder.optional(),
    testMasks: folder.optional(),
    classes: z
      .record(z.string().min(1), z.union([pixel, z.array(pixel).min(1)]))
      .optional()
      .describe(
        'Classes in their order, each with the pixel value, or values, or colour (#rrggbb) that stands for it. Without it, a mask of 0 and 255 holds background and foreground, and any other the class numbers themselves.',
      ),
    ignore: z
      .array(pixel)
      .default([255])
      .describe(
        'Pixel values that count for nothing; 255 is the foreground where masks hold only 0 and 255.',
      ),
    ...picture,
    ...common,
  }),
  z.strictObject({
    kind: z.literal('csv'),
    path: folder.describe('A table with one line of column names and one line a sample.'),
    testPath: folder.optional(),
    target: z
      .union([columnName, z.array(columnName).min(1)])
      .describe(
        'The column to be predicted: classes, or in regression numbers, of several columns if wished.',
      ),
    columns: z
      .array(columnName)
      .min(1)
      .optional()
      .describe('The columns that the network reads; without it, all but the target.'),
    image: columnName
      .optional()
      .describe('A column of image files instead: relative to `folder`, else to the table.'),
    folder: folder.optional().describe('Where the files of the column `image` lie.'),
    separator: z
      .enum([',', ';', '\t', '|'])
      .optional()
      .describe('Without it, the one that the first line has most of.'),
    missing: z
      .enum(['fail', 'drop', 'mean'])
      .default('fail')
      .describe(
        'Empty cells: refuse them, leave their samples out, or take the column’s mean or commonest word.',
      ),
    scale: z
      .boolean()
      .default(true)
      .describe('Give number columns as (value - mean) / std of the training samples.'),
    standardise,
    ...picture,
    ...common,
  }),
  z.strictObject({
    kind: z.literal('voc'),
    images: folder.describe('A folder of images (PNG or JPEG).'),
    annotations: folder.describe('A folder with one Pascal VOC XML file for each image.'),
    testImages: folder.optional(),
    testAnnotations: folder.optional(),
    classes: classNames,
    difficult: z.boolean().default(false).describe('Whether objects that are marked difficult count.'),
    ...picture,
    ...common,
  }),
  z.strictObject({
    kind: z.literal('coco'),
    images: folder.describe('The folder that the file names of the annotations start from.'),
    annotations: folder.describe('A COCO JSON file with images, annotations and categories.'),
    testImages: folder.optional(),
    testAnnotations: folder.optional(),
    classes: classNames,
    ...picture,
    ...common,
  }),
]);
export type DataOptions = z.infer<typeof dataSchema>;
export type InputOptions = z.infer<typeof input>;

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

/** Builds the recipe's schema around the union of all methods' options. */
export const recipeSchema = <L extends z.ZodType<LossOptions>>(loss: L) =>
  z.strictObject({
    $schema: z.string().optional(),
    name: z
      .string()
      .regex(/^[\w .-]{1,80}$/)
      .optional()
      .describe('Shown in the run list; without it, the file’s name.'),
    task: z
      .enum(tasks)
      .default('classification')
      .describe(
        'What the student learns: classes, values, the class of each pixel, boxes, or features that a linear classifier can read.',
      ),
    teacher: z
      .union([teacherOrShort.transform((one) => [one]), z.array(teacherOrShort)])
      .optional()
      .describe('The network to learn from, or several; left out for methods that need none.'),
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
    cache: cacheSchema.prefault({}),
    backend: z.enum(['auto', 'tensorflow', 'wasm', 'cpu']).default('auto'),
  });
export type Recipe = z.infer<ReturnType<typeof recipeSchema<z.ZodType<LossOptions>>>>;

export const recipeSuffix = '.distill.json';
