import { z } from 'zod';

export const inputSchema = z
  .strictObject({
    divide: z.number().positive().optional().describe('Divide every value by this, e.g. 255 for bytes.'),
    mean: z.array(z.number()).optional().describe('Then subtract these, one number per channel.'),
    std: z.array(z.number().positive()).optional().describe('Then divide by these, one number per channel.'),
  })
  .describe('How raw values become what the network expects: (x / divide - mean) / std.');

const size = z.tuple([z.int().positive(), z.int().positive()]);
const common = {
  input: inputSchema.optional(),
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
/** As a recipe writes it, with what has a default left out. */
export type DataInput = z.input<typeof dataSchema>;
export type DataOptions = z.infer<typeof dataSchema>;
export type InputOptions = z.infer<typeof inputSchema>;
