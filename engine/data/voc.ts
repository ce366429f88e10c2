import { join, resolve } from 'node:path';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { z } from 'zod';
import { Failed } from '../contract/failure';
import { boxSplit, classesOf, type AnnotatedPicture, type NamedBox } from './boxSplit';
import { readBytes } from './files';
import { filesBelow, isPicture, stemOf } from './pictureFiles';
import { pictureShape } from './shapes';
import { bothOrNeither, type Of, type Source, type Wanted } from './source';

const number = z.coerce.number();
const objectSchema = z.object({
  name: z.coerce.string().min(1),
  difficult: number.optional(),
  bndbox: z.object({ xmin: number, ymin: number, xmax: number, ymax: number }),
});
const annotationSchema = z.object({
  filename: z.coerce.string().optional(),
  size: z.object({ width: number, height: number }).optional(),
  object: z.array(objectSchema).default([]),
});
type Annotation = z.infer<typeof annotationSchema>;

const parser = new XMLParser({
  parseTagValue: false,
  isArray: (name) => name === 'object',
  // A person's parts lie within its object and are none of their own.
  updateTag: (name) => name !== 'part',
});

const damaged = (file: string, detail: string): Failed =>
  new Failed(
    'dataInvalid',
    `${file} is no Pascal VOC annotation (${detail}).`,
    'Give an XML file with <annotation>, and in it <object>, <name> and <bndbox>.',
  );

/** Parses one annotation. Throws `Failed` (dataInvalid). */
export const parseVoc = (text: string, file: string): Annotation => {
  const valid = XMLValidator.validate(text.replace(/^\uFEFF/, ''));
  if (valid !== true) throw damaged(file, `line ${valid.err.line}: ${valid.err.msg}`);
  const content = parser.parse(text) as { annotation?: unknown };
  const found = annotationSchema.safeParse(content.annotation === '' ? {} : content.annotation);
  if (found.success) return found.data;
  const issue = found.error.issues[0];
  throw damaged(file, `${issue?.path.join('.') || 'annotation'}: ${issue?.message}`);
};

/** Pixel numbers begin at 1 and both ends belong to the box: its edges are xmin − 1, ymin − 1, xmax, ymax. */
const edgesOf = ({ name, bndbox }: Annotation['object'][number]): NamedBox => ({
  name,
  top: bndbox.ymin - 1,
  left: bndbox.xmin - 1,
  bottom: bndbox.ymax,
  right: bndbox.xmax,
});

const read = async (images: string, annotations: string, difficult: boolean): Promise<AnnotatedPicture[]> => {
  const pictures = await filesBelow(images, 'PNG or JPEG pictures', isPicture);
  const byStem = new Map(pictures.map((path) => [stemOf(path), path]));
  const known = new Set(pictures);
  const files = await filesBelow(annotations, 'XML annotations', (name) => /\.xml$/i.test(name));
  const found: AnnotatedPicture[] = [];
  for (const path of files) {
    const source = join(annotations, path);
    const { filename, size, object } = parseVoc(
      Buffer.from(await readBytes(source, 'annotation')).toString('utf8'),
      source,
    );
    const picture = filename !== undefined && known.has(filename) ? filename : byStem.get(stemOf(path));
    if (picture === undefined)
      throw new Failed(
        'dataInvalid',
        `The annotation ${source} has no picture in ${images}.`,
        `Add ${filename ?? `${stemOf(path)}.jpg`} there, or remove the annotation.`,
      );
    found.push({
      file: join(images, picture),
      source,
      size: size && size.width > 0 && size.height > 0 ? size : null,
      boxes: object.filter((one) => difficult || !((one.difficult ?? 0) > 0)).map(edgesOf),
    });
  }
  return found;
};

/** Reads pictures with Pascal VOC annotations. Pictures without an annotation are left out. */
export const openVoc = async (options: Of<'voc'>, wanted: Wanted): Promise<Source> => {
  const { base, sampleShape } = wanted;
  const shape = pictureShape(options, sampleShape);
  const tested = bothOrNeither(
    ['testImages', options.testImages],
    ['testAnnotations', options.testAnnotations],
  );
  const open = ([images, annotations]: readonly [string, string]) =>
    read(resolve(base, images), resolve(base, annotations), options.difficult);
  const train = await open([options.images, options.annotations]);
  const test = tested && (await open(tested));
  const classes = options.classes ?? classesOf(train, resolve(base, options.annotations));
  return {
    train: await boxSplit(train, shape, classes, wanted),
    test: test && (await boxSplit(test, shape, classes, { ...wanted, limit: () => null })),
    classes,
  };
};
