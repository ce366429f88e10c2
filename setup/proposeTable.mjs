#!/usr/bin/env node
// `npm run propose-table`: proposed pairs beside random ones; `npm run propose-table -- --help` lists what it takes.
import { runBundled } from './bundled.mjs';

await runBundled(['test/choices/main.ts']);
