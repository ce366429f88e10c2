import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { dataSchema } from '../../engine/contract/data';
import type { Task } from '../../engine/contract/recipe';
import type { Dataset } from '../../engine/data/dataset';
import { openDataset } from '../../engine/data/open';

/** A folder of data files that a test writes, and reads as a recipe's data section would. */
export interface DataFolder {
  path: string;
  put(name: string, content: string | Uint8Array): Promise<void>;
  /** A picture of one colour. */
  putPicture(name: string, width?: number, height?: number, grey?: number): Promise<void>;
  open(options: object, shape: readonly number[], task: Task): Promise<Dataset>;
  remove(): Promise<void>;
}

export const dataFolder = async (): Promise<DataFolder> => {
  const path = await mkdtemp(join(tmpdir(), 'retort-data-'));
  const put = async (name: string, content: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  };
  return {
    path,
    put,
    putPicture: async (name, width = 8, height = 8, grey = 100) => {
      const background = { r: grey, g: grey, b: grey };
      const picture = sharp({ create: { width, height, channels: 3, background } });
      await put(name, await (name.endsWith('png') ? picture.png() : picture.jpeg()).toBuffer());
    },
    open: (options, shape, task) =>
      openDataset(dataSchema.parse({ validation: 0, ...options }), path, shape, 1, task),
    remove: () => rm(path, { recursive: true }),
  };
};
