import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import type { Task } from '../../engine/contract/recipe';
import { idxRank, npyShape, npzNames, type ArrayShape } from './arrayFile';
import type { DataChoice, DataSource, FolderContents } from './dataChoice';
import { matchNames, type DataNames } from './dataNames';
import { taskDataIn } from './taskData';

const skipped = /^(\.|node_modules$|dist$|build$|out$|__MACOSX$|__pycache__$)/;
const picture = /\.(png|jpe?g)$/i;
const deepest = 5;
const mostFolders = 2000;
const bytes = { input: { divide: 255 } };

const listing = async (folder: string): Promise<FolderContents> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = (wanted: 'folders' | 'files'): string[] =>
    entries
      .filter(
        (entry) => (wanted === 'folders' ? entry.isDirectory() : entry.isFile()) && !skipped.test(entry.name),
      )
      .map((entry) => entry.name)
      .sort();
  return { folders: names('folders'), files: names('files') };
};

/** The class names of a folder with one folder of pictures per class; none if it is no such folder. */
const classesOf = async (folder: string, { folders, files }: FolderContents): Promise<string[]> => {
  if (folders.length < 2 || files.some((name) => picture.test(name))) return [];
  for (const name of folders) {
    const inside = await listing(join(folder, name));
    if (!inside.files.some((file) => picture.test(file))) return [];
  }
  return folders;
};

const some = (names: string[]): string =>
  names.length > 4 ? `${names.slice(0, 3).join(', ')} … (${names.length} classes)` : names.join(', ');

const trainNames = ['train', 'training'];
const testNames = ['test', 'testing', 'val', 'validation'];

/** Class folders, or training and test folders of them. */
const asFolders = async (folder: string, contents: FolderContents): Promise<DataChoice | null> => {
  const own = await classesOf(folder, contents);
  if (own.length > 0)
    return {
      label: basename(folder),
      detail: some(own),
      task: 'classification',
      source: { kind: 'folders', path: folder, ...bytes },
    };
  const named = (known: string[]): string | undefined =>
    contents.folders.find((name) => known.includes(name.toLowerCase()));
  const [train, test] = [named(trainNames), named(testNames)];
  if (train === undefined) return null;
  const path = join(folder, train);
  const classes = await classesOf(path, await listing(path));
  if (classes.length === 0) return null;
  const testPath = test === undefined ? {} : { testPath: join(folder, test) };
  const detail = `${some(classes)}${test === undefined ? '' : ', with a test set'}`;
  return {
    label: basename(folder),
    detail,
    task: 'classification',
    source: { kind: 'folders', path, ...testPath, ...bytes },
  };
};

const isIdx = async (file: string): Promise<boolean> => {
  if (/idx\d-ubyte(\.gz)?$/i.test(file)) return true;
  return /\.(idx|idx\d|ubyte)$/i.test(file) && (await idxRank(file)) !== null;
};

const inFolder = (folder: string, names: DataNames): DataNames =>
  Object.fromEntries(
    Object.entries(names).map(([key, name]) => [key, join(folder, String(name))]),
  ) as unknown as DataNames;

const testNote = (names: DataNames): string => (names.testImages === undefined ? '' : ', with a test set');

const asIdx = async (folder: string, { files }: FolderContents): Promise<DataChoice[]> => {
  const checked = await Promise.all(files.map((name) => isIdx(join(folder, name))));
  return matchNames(files.filter((_, index) => checked[index])).map((names) => ({
    label: basename(folder),
    detail: `${names.images}, ${names.labels}${testNote(names)}`,
    task: 'classification',
    source: { kind: 'idx', ...inFolder(folder, names), ...bytes },
  }));
};

/** What arrays of labels stand for: boxes, masks of the pictures' size, numbers with fractions, or classes. */
const arrayTask = (images: ArrayShape, labels: ArrayShape): Task => {
  const [, height, width, ...rest] = labels.shape;
  if (rest.length === 0 && width === 5 && labels.isFloat) return 'detection';
  if (height === images.shape[1] && width !== undefined && width === images.shape[2]) return 'segmentation';
  return labels.isFloat && labels.shape.length === 1 ? 'regression' : 'classification';
};

const asNpy = async (folder: string, { files }: FolderContents): Promise<DataChoice[]> => {
  const found = matchNames(files.filter((name) => extname(name).toLowerCase() === '.npy'));
  const choices = found.map(async (names): Promise<DataChoice | null> => {
    const images = await npyShape(join(folder, names.images));
    const labels = await npyShape(join(folder, names.labels));
    if (!images || !labels || images.shape.length < 2 || images.shape[0] !== labels.shape[0]) return null;
    return {
      label: basename(folder),
      detail: `${names.images} [${images.shape.join(', ')}], ${names.labels}${testNote(names)}`,
      task: arrayTask(images, labels),
      source: { kind: 'arrays', ...inFolder(folder, names), ...(images.isBytes ? bytes : {}) },
    };
  });
  return (await Promise.all(choices)).filter((choice) => choice !== null);
};

const asNpz = async (folder: string, { files }: FolderContents): Promise<DataChoice[]> => {
  const archives = files.filter((name) => extname(name).toLowerCase() === '.npz');
  const choices = archives.map(async (file): Promise<DataChoice[]> => {
    const matched = matchNames(await npzNames(join(folder, file)));
    return matched.map((names) => {
      const inside = Object.entries(names).map(([key, name]) => [
        key,
        `${join(folder, file)}#${String(name)}`,
      ]);
      const source = { kind: 'arrays', ...(Object.fromEntries(inside) as unknown as DataNames) } as const;
      return {
        label: file,
        detail: `${names.images}, ${names.labels}${testNote(names)}`,
        task: 'classification',
        source,
      };
    });
  });
  return (await Promise.all(choices)).flat();
};

/** What a folder itself holds that can be trained on. */
const dataIn = async (folder: string, contents: FolderContents): Promise<DataChoice[]> => {
  const folders = await asFolders(folder, contents);
  const arrays = await Promise.all([
    asIdx(folder, contents),
    asNpy(folder, contents),
    asNpz(folder, contents),
  ]);
  const others = await taskDataIn(folder, contents);
  // Pictures and masks side by side are no two classes.
  const isPair = others.some(({ source }) => source.kind === 'masks');
  return [...(folders && !isPair ? [folders] : []), ...arrays.flat(), ...others];
};

/** Data sets below a folder, nearest first. Looks at names and heads only; stops at five levels or 2000 folders. */
export const findData = async (
  root: string,
  isCancelled: () => boolean = () => false,
): Promise<DataChoice[]> => {
  const found: DataChoice[] = [];
  let level = [root];
  for (let depth = 0, seen = 0; depth <= deepest && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (isCancelled() || ++seen > mostFolders) return found;
      const contents = await listing(folder);
      const here = await dataIn(folder, contents);
      found.push(...here);
      const isTaken = here.some(
        (choice) => choice.source.kind === 'folders' && choice.source.path === folder,
      );
      const taken = here.flatMap(({ source }) =>
        source.kind === 'folders' ? [source.path, source.testPath] : [],
      );
      if (!isTaken)
        next.push(
          ...contents.folders.map((name) => join(folder, name)).filter((path) => !taken.includes(path)),
        );
    }
    level = next;
  }
  return found;
};

/** The data set that a chosen folder, or the file of the images, stands for. */
export const dataAt = async (path: string): Promise<DataChoice[]> => {
  const contents = await listing(path);
  if (contents.files.length + contents.folders.length > 0) return dataIn(path, contents);
  const folder = dirname(path);
  const choices = await dataIn(folder, { folders: [], files: (await listing(folder)).files });
  return choices.filter(({ source }) => JSON.stringify(source).includes(JSON.stringify(path).slice(1, -1)));
};

const placeAt = (source: DataSource): string => {
  if ('path' in source) return source.path;
  if (source.kind === 'masks') return source.masks;
  return 'annotations' in source ? source.annotations : source.images;
};

/** Where a choice lies, for a list. */
export const placeOf = ({ source }: DataChoice, root: string): string => {
  const path = placeAt(source);
  return relative(root, path).replaceAll('\\', '/') || basename(path);
};
