#!/usr/bin/env node
// `npm run bench`: bundles test/bench and runs it; `npm run bench -- --help` lists what it takes.
import { runBundled } from './bundled.mjs';

await runBundled(['test/bench/main.ts', 'test/bench/worker.ts']);
