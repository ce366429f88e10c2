import { resolve } from 'node:path';
import type { Split } from './dataset';
import { listTestFolder, listTrainingFolder, type Listing } from './folders';
import type { PictureShape } from './pictures';
import { pictureShape } from './shapes';
import { keptPositions, readPictures, type Of, type Source, type Wanted } from './source';

const decodeListing = async (
  { files, labels }: Listing,
  shape: PictureShape,
  wanted: Wanted,
): Promise<Split> => ({
  count: files.length,
  shape,
  values: await readPictures(files, shape, wanted),
  labels,
});

/** Reads a folder with one folder of pictures per class. */
export const openFolders = async (options: Of<'folders'>, wanted: Wanted): Promise<Source> => {
  const { base, sampleShape, limit } = wanted;
  const shape = pictureShape(options, sampleShape);
  const { classes, files, labels } = await listTrainingFolder(resolve(base, options.path));
  const test =
    options.testPath === undefined ? null : await listTestFolder(resolve(base, options.testPath), classes);
  const positions = keptPositions(labels, limit);
  const kept: Listing = {
    classes,
    files: Array.from(positions, (position) => files[position] as string),
    labels: positions.map((position) => labels[position] as number),
  };
  return {
    train: await decodeListing(kept, shape, wanted),
    test: test && (await decodeListing(test, shape, wanted)),
    classes,
  };
};
