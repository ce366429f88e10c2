import { join, resolve } from 'node:path';
import { z } from 'zod';
import { Failed } from '../contract/failure';
import { boxSplit, type AnnotatedPicture } from './boxSplit';
import { readBytes } from './files';
import { filesBelow, isPicture } from './pictureFiles';
import { pictureShape } from './shapes';
import { bothOrNeither, type Of, type Source, type Wanted } from './source';

const id = z.union([z.number(), z.string()]);
const cocoSchema = z.object({
  images: z
    .array(
      z.object({
        id,
        file_name: z.string().min(1),
        width: z.number().optional(),
        height: z.number().optional(),
      }),
    )
    .min(1),
  annotations: z
    .array(
      z.object({
        image_id: id,
        category_id: id,
        bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
        iscrowd: z.union([z.number(), z.boolean()]).optional(),
      }),
    )
    .default([]),
  categories: z.array(z.object({ id, name: z.string().min(1) })).min(1),
});
type Coco = z.infer<typeof cocoSchema>;

const invalid = (file: string, detail: string): Failed =>
  new Failed(
    'dataInvalid',
    `${file} is no COCO annotation file (${detail}).`,
    'Give a JSON file with "images", "annotations" (each with "bbox": [left, top, width, height]) and "categories".',
  );

/** Parses COCO annotations of objects. Throws `Failed` (dataInvalid). */
export const parseCoco = (text: string, file: string): Coco => {
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw invalid(file, (error as Error).message);
  }
  const found = cocoSchema.safeParse(content);
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw invalid(file, `${issue?.path.join('.') || 'content'}: ${issue?.message}`);
};

const nameFinder = ({ categories }: Coco, source: string) => {
  const names = new Map(categories.map((category) => [String(category.id), category.name]));
  return (category: string | number): string => {
    const name = names.get(String(category));
    if (name !== undefined) return name;
    throw invalid(source, `an annotation has the category ${category}, which is not listed`);
  };
};

/** Every image with its boxes; regions of crowds are left out. */
const picturesOf = (coco: Coco, source: string, images: string, files: ReadonlySet<string>) => {
  const nameOf = nameFinder(coco, source);
  const pictures = new Map<string, AnnotatedPicture>();
  for (const { id: image, file_name: name, width = 0, height = 0 } of coco.images) {
    if (!files.has(name))
      throw new Failed(
        'dataInvalid',
        `${source} names the picture ${name}, which is not in ${images}.`,
        'Add the picture, or give the folder that the file names start from as data.images.',
      );
    const size = width > 0 && height > 0 ? { width, height } : null;
    pictures.set(String(image), { file: join(images, name), source: `${source} (${name})`, size, boxes: [] });
  }
  for (const { image_id: image, category_id: category, bbox, iscrowd } of coco.annotations) {
    const picture = pictures.get(String(image));
    if (!picture) throw invalid(source, `an annotation has the image ${image}, which is not listed`);
    const [left, top, width, height] = bbox;
    if (!iscrowd)
      picture.boxes.push({ name: nameOf(category), top, left, bottom: top + height, right: left + width });
  }
  return [...pictures.values()];
};

const read = async (images: string, annotations: string) => {
  const text = Buffer.from(await readBytes(annotations, 'COCO annotations')).toString('utf8');
  const coco = parseCoco(text, annotations);
  const files = new Set(await filesBelow(images, 'PNG or JPEG pictures', isPicture));
  const names = [...coco.categories]
    .sort((a, b) => (Number(a.id) < Number(b.id) ? -1 : 1))
    .map(({ name }) => name);
  return { pictures: picturesOf(coco, annotations, images, files), names };
};

/** Reads pictures with COCO annotations; classes are the categories in the order of their numbers. */
export const openCoco = async (options: Of<'coco'>, wanted: Wanted): Promise<Source> => {
  const { base, sampleShape } = wanted;
  const shape = pictureShape(options, sampleShape);
  const tested = bothOrNeither(
    ['testImages', options.testImages],
    ['testAnnotations', options.testAnnotations],
  );
  const open = ([images, annotations]: readonly [string, string]) =>
    read(resolve(base, images), resolve(base, annotations));
  const train = await open([options.images, options.annotations]);
  const test = tested && (await open(tested));
  const classes = options.classes ?? train.names;
  return {
    train: await boxSplit(train.pictures, shape, classes, wanted),
    test: test && (await boxSplit(test.pictures, shape, classes, { ...wanted, limit: () => null })),
    classes,
  };
};
