import { describeConformance } from '../fixtures/conformanceSuite';

process.env.RETORT_NATIVE_KERNELS = 'off';
await describeConformance(['wasm']);
