import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failed } from '../contract/failure';
import { fileFailure } from './files';

/** The pictures of a folder with one folder per class, sorted by class and name. */
export interface Listing {
  classes: string[];
  files: string[];
  /** Class of each file: its position in `classes`. */
  labels: Int32Array;
}

interface Contents {
  folders: string[];
  pictures: string[];
}

const picture = /\.(png|jpe?g)$/i;
const junk = /^(\.|__MACOSX$)/;

const isFolder = async (file: string): Promise<boolean> => {
  const found = await stat(file).catch(() => null);
  return found?.isDirectory() ?? false;
};

const contentsOf = async (folder: string, what: string): Promise<Contents> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTDIR') throw fileFailure(error, folder, what);
    throw new Failed(
      'dataInvalid',
      `${folder} is a file, where a folder with ${what} is expected.`,
      'Give the folder that holds one folder of pictures per class.',
    );
  });
  const contents: Contents = { folders: [], pictures: [] };
  for (const entry of entries.filter(({ name }) => !junk.test(name))) {
    const linked = entry.isSymbolicLink() && (await isFolder(join(folder, entry.name)));
    if (entry.isDirectory() || linked) contents.folders.push(entry.name);
    else if (picture.test(entry.name)) contents.pictures.push(entry.name);
  }
  contents.folders.sort();
  contents.pictures.sort();
  return contents;
};

const count = (pictures: number): string => (pictures === 1 ? '1 picture lies' : `${pictures} pictures lie`);

const unlabelled = (path: string, { folders, pictures }: Contents): Failed =>
  folders.length === 0 && pictures.length === 0
    ? new Failed(
        'dataInvalid',
        `${path} is empty: it holds neither class folders nor pictures.`,
        'Put one folder of PNG or JPEG pictures per class into it.',
      )
    : new Failed(
        'dataInvalid',
        `${count(pictures.length)} directly in ${path}, outside any class folder, e.g. ${pictures[0]}.`,
        'Move every picture into the folder of its class; the folder’s name is the label.',
      );

const withoutPictures = async (path: string, name: string, { folders }: Contents): Promise<Failed> => {
  for (const inner of folders) {
    const { pictures } = await contentsOf(join(path, name, inner), 'pictures');
    if (pictures.length === 0) continue;
    return new Failed(
      'dataInvalid',
      `The class folder ${join(path, name)} holds folders of pictures instead of pictures.`,
      `Give ${join(path, name)} as the path, or move its pictures up.`,
    );
  }
  return new Failed(
    'dataInvalid',
    `The class folder ${join(path, name)} holds no PNG or JPEG picture.`,
    'Put pictures of this class into it, or remove the folder.',
  );
};

/**
 * Lists `path`: classes are its folders in the order of their names, samples the PNG and JPEG files directly in them.
 * Hidden files and folders and files with other endings are passed over. Throws `Failed` for a folder that cannot
 * be labelled: pictures outside class folders, a class without pictures, fewer than two classes.
 */
export const listTrainingFolder = async (path: string): Promise<Listing> => {
  const contents = await contentsOf(path, 'training pictures');
  if (contents.pictures.length > 0 || contents.folders.length === 0) throw unlabelled(path, contents);
  const [only] = contents.folders;
  const files: string[] = [];
  const labels: number[] = [];
  for (const [label, name] of contents.folders.entries()) {
    const inside = await contentsOf(join(path, name), 'pictures');
    if (inside.pictures.length === 0) throw await withoutPictures(path, name, inside);
    files.push(...inside.pictures.map((file) => join(path, name, file)));
    labels.push(...inside.pictures.map(() => label));
  }
  if (contents.folders.length === 1) {
    throw new Failed(
      'dataInvalid',
      `${path} holds a single class folder, ${only}, so there is nothing to tell apart.`,
      'Give a folder with at least two class folders.',
    );
  }
  return { classes: contents.folders, files, labels: Int32Array.from(labels) };
};

/** Lists test pictures under the training folder's classes; a class may be absent, but none may be new. */
export const listTestFolder = async (path: string, classes: readonly string[]): Promise<Listing> => {
  const contents = await contentsOf(path, 'test pictures');
  if (contents.pictures.length > 0 || contents.folders.length === 0) throw unlabelled(path, contents);
  const files: string[] = [];
  const labels: number[] = [];
  for (const name of contents.folders) {
    const label = classes.indexOf(name);
    if (label < 0) {
      throw new Failed(
        'dataInvalid',
        `The test folder ${join(path, name)} is a class that the training folder does not have.`,
        `Name the test folders like the training folders: ${classes.slice(0, 12).join(', ')}.`,
      );
    }
    const inside = await contentsOf(join(path, name), 'pictures');
    files.push(...inside.pictures.map((file) => join(path, name, file)));
    labels.push(...inside.pictures.map(() => label));
  }
  if (files.length > 0) return { classes: [...classes], files, labels: Int32Array.from(labels) };
  throw new Failed(
    'dataInvalid',
    `The test folder ${path} holds no PNG or JPEG picture.`,
    'Put test pictures into its class folders, or leave testPath out.',
  );
};
