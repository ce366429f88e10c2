import type { KernelModule } from './kernelModule';

export type Pair = readonly [vertical: number, horizontal: number];
export type Maps = readonly [height: number, width: number, channels: number];

const tilesPerBlock = 8;
/** Of the kernels' table of input pixels. */
const maxPointers = 4096;
/** Output pixels whose gradients stay in the cache while the taps pass over them. */
const pixelsPerBlock = 256;

/** A matrix, or several one under the other, as the kernels want the right side of a product. */
export interface Packing {
  from: number;
  /** Where each begins, in values. */
  groupOffsets: readonly number[];
  rows: number;
  columns: number;
  /** From one row or column to the next, in values. */
  rowStep: number;
  columnStep: number;
}

const panels = (kernels: KernelModule, columns: number): number => Math.ceil(columns / kernels.panelColumns);

/** The address of the packed matrix; it stays until the next call. */
export const pack = (kernels: KernelModule, matrix: Packing): number => {
  const { from, groupOffsets, rows, columns, rowStep, columnStep } = matrix;
  const groups = groupOffsets.length;
  const to = kernels.scratch(
    'packed',
    panels(kernels, columns) * kernels.panelColumns * Math.max(1, groups) * rows * 4,
  );
  const offsets = kernels.list('group offsets', groupOffsets);
  const words = [from, to, offsets, groups, rows, columns, rowStep, columnStep];
  const job = { tasks: panels(kernels, columns), operations: groups * rows * columns };
  kernels.run('pack', job, words);
  return to;
};

/** out[point * outStep + outOrigin] = bias + the sum over taps of x[point * inStep + tap] times the tap's matrix. */
export interface Convolution {
  x: number;
  /** Packed; a group a tap. */
  filter: number;
  /** One value an output channel; 0 for none. */
  bias: number;
  relu: boolean;
  out: number;
  batch: number;
  input: Maps;
  output: Maps;
  /** How many points, down and across. */
  grid: Pair;
  taps: readonly Pair[];
  inStep: Pair;
  outStep: Pair;
  outOrigin: Pair;
}

const paddedBias = (kernels: KernelModule, bias: number, channels: number): number => {
  const padded = panels(kernels, channels) * kernels.panelColumns;
  const address = kernels.scratch('bias', padded * 4);
  kernels.floats(address, padded).fill(0).set(kernels.floats(bias, channels));
  return address;
};

/** @throws Error for a filter of more than 1024 taps. */
export const convolve = (kernels: KernelModule, convolution: Convolution): void => {
  const { x, filter, out, batch, input, output, grid, taps, inStep, outStep, outOrigin } = convolution;
  const points = batch * grid[0] * grid[1];
  const { tileRows, panelColumns } = kernels;
  const tiles = Math.min(tilesPerBlock, Math.floor(maxPointers / (tileRows * taps.length)));
  if (tiles === 0) throw new Error(`a filter of ${taps.length} taps is larger than wasm's kernels can take`);
  const block = tiles * tileRows;
  const zeros = kernels.zeros(Math.max(input[2], output[2]) + panelColumns);
  const bias = convolution.bias ? paddedBias(kernels, convolution.bias, output[2]) : zeros;
  const offsets = kernels.list('tap offsets', taps.flat());
  const operations = points * taps.length * input[2] * output[2];
  kernels.run('convolve', { tasks: Math.ceil(points / block), operations }, [
    ...[x, filter, bias, zeros, out, offsets, taps.length, block, points, Number(convolution.relu)],
    ...[...grid, ...input, ...output, ...inStep, ...outStep, ...outOrigin],
  ]);
};

/** out[tap] = the sum over output pixels of x[pixel * step + tap] times dy[pixel], as a matrix. */
export interface FilterGradient {
  x: number;
  dy: number;
  out: number;
  batch: number;
  input: Maps;
  output: Maps;
  taps: readonly Pair[];
  step: Pair;
}

export const filterGradient = (kernels: KernelModule, gradient: FilterGradient): void => {
  const { x, dy, out, batch, input, output, taps, step } = gradient;
  const [height, width, channels] = output;
  const packed = pack(kernels, {
    from: dy,
    groupOffsets: [0],
    rows: batch * height * width,
    columns: channels,
    rowStep: channels,
    columnStep: 1,
  });
  const offsets = kernels.list('tap offsets', taps.flat());
  const blockRows = Math.max(1, Math.floor(pixelsPerBlock / width));
  const words = [x, packed, out, offsets, batch, ...input, ...output, ...step, blockRows];
  const tasks = taps.length * Math.ceil(input[2] / kernels.tileRows);
  const operations = batch * height * width * channels * input[2] * taps.length;
  kernels.run('filterGradient', { tasks, operations }, words);
};
