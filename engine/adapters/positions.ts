import type * as tf from '@tensorflow/tfjs';
import { resizeToTeacher } from '../losses/resample';
import type { Random } from '../random';

/** How the outputs of a linear adapter depend on the student's map. */
export type Reach = 'point' | 'around' | 'half' | 'double';

/** Rows of the student's and the teacher's features at the same places; each group is fitted by itself. */
export interface Rows {
  inputs: number[][];
  outputs: number[][];
}

interface Values {
  shape: readonly number[];
  data: Float32Array;
}

type Place = readonly [row: number, column: number];

const square = (size: number, top: number, left: number): Place[] =>
  Array.from({ length: size * size }, (_, at) => [top + Math.floor(at / size), left + (at % size)]);

/** The student's places that the teacher's place depends on. */
const sources: Record<Reach, (place: Place) => Place[]> = {
  point: ([row, column]) => [[row, column]],
  around: ([row, column]) => square(3, row - 1, column - 1),
  half: ([row, column]) => square(3, 2 * row - 1, 2 * column - 1),
  // Of a 4x4 kernel with stride 2, half of the rows and of the columns meet any one output.
  double: ([row, column]) => square(2, Math.floor((row - 1) / 2), Math.floor((column - 1) / 2)),
};

/** A transposed convolution has weights of its own for each parity of the place. */
const groupOf = (reach: Reach, [row, column]: Place): number =>
  reach === 'double' ? 2 * (row % 2) + (column % 2) : 0;

const groupsOf = (reach: Reach): number => (reach === 'double' ? 4 : 1);

/** The channels at one place of one sample, zeros outside the map. Vectors have a single place. */
const readAt = ({ shape, data }: Values, sample: number, [row, column]: Place): Float32Array => {
  const [height, width, channels] = mapShape(shape);
  if (row < 0 || column < 0 || row >= height || column >= width) return new Float32Array(channels);
  const from = ((sample * height + row) * width + column) * channels;
  return data.subarray(from, from + channels);
};

const mapShape = (shape: readonly number[]): [number, number, number] =>
  shape.length === 4
    ? [shape[1] as number, shape[2] as number, shape[3] as number]
    : [1, 1, shape[1] as number];

const read = (x: tf.Tensor): Values => ({ shape: x.shape, data: x.dataSync<'float32'>() });

/**
 * Draws `perSample` places of each sample's teacher map and reads both networks' features there: rows in the order of
 * the samples, one list a group.
 * @param student [n, h, w, c] or [n, c]; for `point` brought to the teacher's size first
 * @param teacher [n, h, w, c] or [n, c]
 */
export const readRows = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  reach: Reach,
  perSample: number,
  random: Random,
): Rows[] => {
  const groups: Rows[] = Array.from({ length: groupsOf(reach) }, () => ({ inputs: [], outputs: [] }));
  const theirs = read(teacher);
  const ours = read(reach === 'point' ? resizeToTeacher(student, teacher) : student);
  const [height, width] = mapShape(theirs.shape);
  const places = Math.min(perSample, height * width);
  for (let sample = 0; sample < (teacher.shape[0] as number); sample++) {
    for (let draw = 0; draw < places; draw++) {
      const place: Place = [random.integer(height), random.integer(width)];
      const group = groups[groupOf(reach, place)];
      group?.inputs.push(sources[reach](place).flatMap((source) => [...readAt(ours, sample, source)]));
      group?.outputs.push([...readAt(theirs, sample, place)]);
    }
  }
  return groups;
};
