/** The kernels of the folder `kernels`. */
export const kernelNames = [
  'pack',
  'convolve',
  'filterGradient',
  'depthwiseInputGradient',
  'depthwiseFilterGradient',
  'maxPoolGradient',
  'partialSums',
  'partialMoments',
  'totalSums',
  'totalMoments',
  'affine',
  'addValues',
  'subtractValues',
  'multiplyValues',
  'relu',
  'reluGradient',
  'exponentials',
  'winogradFilter',
  'winograd',
  'winogradTiles',
  'winogradSums',
  'winogradTaps',
] as const;
export type KernelName = (typeof kernelNames)[number];

/** How much a kernel has to do. */
export interface Job {
  tasks: number;
  /** Multiplications, or values moved, in all. */
  operations: number;
  /** Whether the kernel works in memory of its thread's own. */
  usesScratch?: true;
}

/** Compiled kernels that compute on the heap. */
export interface KernelRunner {
  /** Values that the kernels take at once; columns of a matrix they take in panels of twice as many. */
  readonly lanes: number;
  /** Rows of a matrix that they take together. */
  readonly tileRows: number;
  /** Does all tasks of a kernel; `args` are the words of its struct in order. */
  run(name: KernelName, job: Job, args: readonly number[]): void;
}

export const mostThreads = 16;
/** Operations of a job below which waking threads takes longer than the job. */
export const worthThreads = 100_000;
/** Values that one task of an elementwise kernel does. */
export const valuesPerTask = 16_384;
/** Words that the arguments of a kernel have at most. */
export const mostWords = 64;
