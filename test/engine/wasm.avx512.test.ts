import { describe } from 'vitest';
import { withNativeKernels } from '../fixtures/nativeKernels';
import { describeWasm } from '../fixtures/wasmSuite';

describe.runIf(withNativeKernels('avx512'))('native kernels', () => {
  describeWasm('with kernels for AVX-512', 'WebAssembly with native kernels (AVX-512), CPU');
});
