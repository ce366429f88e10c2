import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { DataChoice, FolderContents } from './dataChoice';
import { readColumns, taskOf, type TableColumn } from './tableColumns';

const bytes = { input: { divide: 255 } };
const picture = /\.(png|jpe?g)$/i;
const imageFolder = /^(images?|imgs?|pictures|photos|jpegimages|rgb|train|training)$/i;
const maskFolder = /mask|label|annot|segm|^gt$/i;
const testFolder = /^(test|testing|val|validation)$/i;
const headBytes = 1 << 16;
const mostCocoBytes = 64 << 20;

const filesIn = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name);
};

const stem = (name: string): string =>
  name.slice(0, name.length - extname(name).length).replace(/[-_](mask|label|gt|seg)$/i, '');

/** Whether every picture has a file of its name in the other folder. */
const belongTogether = (pictures: readonly string[], others: readonly string[]): boolean => {
  const stems = new Set(others.map(stem));
  return pictures.length > 0 && pictures.every((name) => stems.has(stem(name)));
};

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Folders of pictures beside folders of masks, or of VOC annotations, that have a file for each. */
const asPairs = async (folder: string, { folders }: FolderContents): Promise<DataChoice[]> => {
  const choices: DataChoice[] = [];
  for (const images of folders.filter((name) => imageFolder.test(name))) {
    const pictures = (await filesIn(join(folder, images))).filter((name) => picture.test(name));
    if (pictures.length === 0) continue;
    for (const other of folders.filter((name) => name !== images && maskFolder.test(name))) {
      const files = await filesIn(join(folder, other));
      const masks = files.filter((name) => /\.png$/i.test(name));
      const xml = files.filter((name) => /\.xml$/i.test(name));
      const path = { images: join(folder, images) };
      if (belongTogether(pictures, masks))
        choices.push({
          label: `${basename(folder)}/${other}`,
          detail: `${counted(pictures.length, 'picture')} with masks: segmentation`,
          task: 'segmentation',
          source: { kind: 'masks', ...path, masks: join(folder, other), ...bytes },
        });
      else if (xml.length > 0)
        choices.push({
          label: `${basename(folder)}/${other}`,
          detail: `${counted(xml.length, 'Pascal VOC annotation')}: detection`,
          task: 'detection',
          source: { kind: 'voc', ...path, annotations: join(folder, other), ...bytes },
        });
    }
  }
  return choices;
};

const headOf = async (file: string): Promise<string> => {
  const handle = await open(file, 'r').catch(() => null);
  if (!handle) return '';
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
};

const isFile = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isFile() ?? false;

/** The first picture that COCO annotations name, and how many there are; null for other files. */
const cocoFacts = async (file: string): Promise<{ first: string; images: number } | null> => {
  if (!/"(images|annotations|categories|info)"\s*:/.test(await headOf(file))) return null;
  if (((await stat(file).catch(() => null))?.size ?? Infinity) > mostCocoBytes) return null;
  try {
    const content = JSON.parse(await readFile(file, 'utf8')) as {
      images?: { file_name?: unknown }[];
      annotations?: { bbox?: unknown }[];
    };
    const first = content.images?.[0]?.file_name;
    if (typeof first !== 'string' || !Array.isArray(content.annotations?.[0]?.bbox)) return null;
    return { first, images: content.images?.length ?? 0 };
  } catch {
    return null;
  }
};

/** Where the file names of annotations start from: near them, the annotations' own folder first. */
const pictureFolder = async (folder: string, first: string): Promise<string | null> => {
  for (const base of [folder, dirname(folder)]) {
    const entries = await readdir(base, { withFileTypes: true }).catch(() => []);
    const inner = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(base, name));
    for (const candidate of [base, ...inner]) if (await isFile(join(candidate, first))) return candidate;
  }
  return null;
};

const asCoco = async (folder: string, { files }: FolderContents): Promise<DataChoice[]> => {
  const choices: DataChoice[] = [];
  const names = files.filter((name) => /\.json$/i.test(name) && !name.endsWith('.distill.json'));
  for (const name of names) {
    const annotations = join(folder, name);
    const facts = await cocoFacts(annotations);
    const images = facts && (await pictureFolder(folder, facts.first));
    if (!facts || !images) continue;
    choices.push({
      label: name,
      detail: `${counted(facts.images, 'picture')} with COCO boxes: detection`,
      task: 'detection',
      source: { kind: 'coco', images, annotations, ...bytes },
    });
  }
  return withTests(choices);
};

const isTest = (choice: DataChoice): boolean =>
  choice.label.split(/[^a-z0-9]+/i).some((word) => testFolder.test(word));
const restOf = (choice: DataChoice): string =>
  choice.label
    .split(/[^a-z0-9]+/i)
    .filter((word) => !testFolder.test(word) && !/^train(ing)?$/i.test(word))
    .join('-');

/** A file of test boxes joins the training file that is otherwise named alike. */
const withTests = (choices: readonly DataChoice[]): DataChoice[] =>
  choices
    .filter((choice) => !isTest(choice) || choices.length === 1)
    .map((choice) => {
      const test = choices.find(
        (other) => other !== choice && isTest(other) && restOf(other) === restOf(choice),
      );
      if (choice.source.kind !== 'coco' || test?.source.kind !== 'coco') return choice;
      const { images: testImages, annotations: testAnnotations } = test.source;
      return {
        ...choice,
        detail: `${choice.detail}, with a test set`,
        source: { ...choice.source, testImages, testAnnotations },
      };
    });

/** Tables with a line of column names; what is predicted is asked for. */
const asTables = async (folder: string, { files }: FolderContents): Promise<DataChoice[]> => {
  const names = files.filter((name) => /\.(csv|tsv)$/i.test(name));
  const choices: DataChoice[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const columns = readColumns(await headOf(path));
    if (columns.length < 2) continue;
    const shown = columns.map((column) => column.name);
    choices.push({
      label: name,
      detail: `A table: ${shown.slice(0, 5).join(', ')}${shown.length > 5 ? ' …' : ''}`,
      task: 'regression',
      columns,
      source: { kind: 'csv', path, target: shown.at(-1) ?? '' },
    });
  }
  return choices;
};

/** A table with what shall be predicted from it: from the pictures that it names, if it does, else from its columns. */
export const withTarget = (
  data: DataChoice,
  columns: readonly TableColumn[],
  target: TableColumn,
): DataChoice => {
  const image = columns.find(({ kind }) => kind === 'pictures')?.name;
  if (data.source.kind !== 'csv') return data;
  const source = { ...data.source, target: target.name, ...(image === undefined ? {} : { image, ...bytes }) };
  return { ...data, task: taskOf(target), source };
};

/** Masks, boxes and tables that a folder itself holds. */
export const taskDataIn = async (folder: string, contents: FolderContents): Promise<DataChoice[]> =>
  (
    await Promise.all([asPairs(folder, contents), asCoco(folder, contents), asTables(folder, contents)])
  ).flat();
