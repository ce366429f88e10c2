import { Failed } from '../contract/failure';
import type { PictureShape } from './pictures';

export const elements = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

const text = (shape: readonly number[]): string => shape.join(' x ');
const withoutOnes = (shape: readonly number[]): string => text(shape.filter((size) => size !== 1));

/**
 * The shape the student takes its samples in, where the stored one is the same values in the same order: equal, or
 * different only by axes of length 1, or one of the two a flat vector. Throws `Failed` (dataInvalid) otherwise.
 */
export const fitShape = (stored: readonly number[], wanted: readonly number[], file: string): number[] => {
  const flat = stored.length === 1 || wanted.length === 1;
  if (elements(stored) === elements(wanted) && (flat || withoutOnes(stored) === withoutOnes(wanted))) {
    return [...wanted];
  }
  const [channels, ...plane] = stored;
  const channelsFirst = stored.length === 3 && text([...plane, channels as number]) === text(wanted);
  throw new Failed(
    'dataInvalid',
    `The samples in ${file} are ${text(stored)}, but the student takes ${text(wanted)}.`,
    channelsFirst
      ? 'Move the channels to the last axis (height, width, channels) and save the array again.'
      : 'Give the student an input of the samples’ shape, or choose other data.',
  );
};

/** Height, width and channels to decode pictures to: the recipe's, else the student's input. */
export const pictureShape = (
  options: { size?: readonly [number, number] | undefined; channels?: 1 | 3 | undefined },
  wanted: readonly number[],
): PictureShape => {
  const [height, width, channels] = wanted;
  if (wanted.length !== 3 || (channels !== 1 && channels !== 3)) {
    throw new Failed(
      'dataInvalid',
      `Pictures cannot be given to this student, which takes ${text(wanted)}.`,
      'Use a student that takes height x width x channels with 1 or 3 channels, or data of the kind arrays.',
    );
  }
  const shape: PictureShape = [
    ...(options.size ?? [height as number, width as number]),
    options.channels ?? channels,
  ];
  if (text(shape) === text(wanted)) return shape;
  throw new Failed(
    'dataInvalid',
    `The recipe asks for pictures of ${text(shape)}, but the student takes ${text(wanted)}.`,
    'Leave size and channels out of the data section: the student’s input is used then.',
  );
};
