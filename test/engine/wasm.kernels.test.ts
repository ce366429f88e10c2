import { describeWasm } from '../fixtures/wasmSuite';

process.env.RETORT_NATIVE_KERNELS = 'off';

describeWasm('with kernels in WebAssembly', 'WebAssembly, CPU');
