import { describe } from 'vitest';
import { withNativeKernels } from '../fixtures/nativeKernels';
import { describeWasm } from '../fixtures/wasmSuite';

describe.runIf(withNativeKernels('avx2'))('native kernels', () => {
  describeWasm('with kernels for AVX2', 'WebAssembly with native kernels (AVX2), CPU');
});
