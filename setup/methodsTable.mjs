#!/usr/bin/env node
// `npm run methods-table`: what every method buys; `npm run methods-table -- --help` lists what it takes.
import { runBundled } from './bundled.mjs';

await runBundled(['test/bench/methods/main.ts', 'test/bench/methods/worker.ts']);
