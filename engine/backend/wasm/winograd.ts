import type { Maps } from './convolve';
import type { KernelModule } from './kernelModule';

// Of the kernels: a tile of output, its transform, and how tasks are cut.
const tileSide = 4;
const places = 36;
const tilesPerTask = 24;
const rowsPerTask = 32;
/** Tiles whose transforms stay in the cache until they are multiplied. */
const tilesPerRound = 128;

const roundUp = (size: number, step: number): number => Math.ceil(size / step) * step;

/** Bytes of a matrix for each place. */
const matrixBytes = ({ panelColumns }: KernelModule, rows: number, columns: number): number =>
  4 * places * (rows * columns + panelColumns);

interface Geometry {
  batch: number;
  input: Maps;
  output: Maps;
  /** Rows and columns of zeros before the input. */
  top: number;
  left: number;
}

const tilesOf = ({ batch, output }: Geometry) => {
  const [down, across] = [Math.ceil(output[0] / tileSide), Math.ceil(output[1] / tileSide)];
  return { down, across, count: batch * down * across };
};

const multiplications = (rows: number, depth: number, columns: number): number =>
  places * rows * depth * columns;

/** The transformed filter; turned, its input and output channels change places and it is flipped. */
const transformFilter = (
  kernels: KernelModule,
  { filter, turned, input, output }: WinogradConvolution,
): number => {
  const [rows, columns] = [input[2], output[2]];
  const padded = roundUp(columns, kernels.panelColumns);
  const to = kernels.scratch('winograd filter', matrixBytes(kernels, rows, padded));
  const job = { tasks: padded / kernels.panelColumns, operations: multiplications(1, rows, columns) };
  kernels.run('winogradFilter', job, [filter, to, rows, columns, Number(turned)]);
  return to;
};

/** out = bias + x convolved with a 3x3 filter in steps of one. */
export interface WinogradConvolution extends Geometry {
  x: number;
  /** As tensors have it: [3, 3, in, out]. */
  filter: number;
  /** The filter is [3, 3, out, in] and lies the other way round, as in the gradient of an input. */
  turned: boolean;
  /** One value an output channel; 0 for none. */
  bias: number;
  relu: boolean;
  out: number;
}

/** A convolution by Winograd's F(4x4, 3x3): 36 products for each 144 of the direct one. */
export const winogradConvolve = (kernels: KernelModule, convolution: WinogradConvolution): void => {
  const { x, bias, relu, out, input, output, top, left } = convolution;
  const filter = transformFilter(kernels, convolution);
  const tiles = tilesOf(convolution);
  const job = {
    tasks: Math.ceil(tiles.count / tilesPerTask),
    operations: multiplications(tiles.count, input[2], output[2]),
    usesScratch: true,
  } as const;
  kernels.run('winograd', job, [
    ...[x, filter, bias, 0, kernels.zeros(input[2]), out],
    ...[tiles.count, tiles.down, tiles.across, Number(relu), ...input, ...output, top, left],
  ]);
};

/** out = the gradient to the filter, [3, 3, in, out], of such a convolution. */
export interface WinogradFilterGradient extends Geometry {
  x: number;
  dy: number;
  out: number;
}

/** Adds round by round of tiles to the transformed gradient, then transforms that back. */
export const winogradFilterGradient = (kernels: KernelModule, gradient: WinogradFilterGradient): void => {
  const { x, dy, out, input, output, top, left } = gradient;
  const [inChannels, outChannels] = [input[2], output[2]];
  const rows = roundUp(inChannels, kernels.lanes);
  const columns = roundUp(outChannels, kernels.panelColumns);
  const [inputs, gradients, sums] = [
    kernels.scratch('winograd inputs', matrixBytes(kernels, tilesPerRound, rows)),
    kernels.scratch('winograd gradients', matrixBytes(kernels, tilesPerRound, columns)),
    kernels.scratch('winograd sums', matrixBytes(kernels, rows, columns)),
  ];
  const zeros = kernels.zeros(Math.max(inChannels, outChannels));
  const tiles = tilesOf(gradient);
  const sumTasks = places * Math.ceil(rows / rowsPerTask);
  for (let first = 0; first < tiles.count; first += tilesPerRound) {
    const count = Math.min(tilesPerRound, tiles.count - first);
    const moved = { tasks: count, operations: multiplications(count, 1, rows + columns) };
    kernels.run('winogradTiles', moved, [
      ...[x, dy, zeros, inputs, gradients, first, tilesPerRound, tiles.down, tiles.across],
      ...[...input, ...output, top, left],
    ]);
    const added = { tasks: sumTasks, operations: multiplications(count, rows, columns) };
    const sizes = [first, count, tilesPerRound, inChannels, outChannels];
    kernels.run('winogradSums', added, [inputs, gradients, sums, ...sizes]);
  }
  const restored = { tasks: inChannels, operations: multiplications(1, rows, columns) };
  kernels.run('winogradTaps', restored, [sums, out, inChannels, outChannels]);
};
