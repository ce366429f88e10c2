import { describeConformance } from '../fixtures/conformanceSuite';

await describeConformance(['cpu', 'wasm', 'tensorflow']);
