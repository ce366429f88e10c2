#!/usr/bin/env node
// `npm run propose-table`: bundles test/choices and runs it; `npm run propose-table -- --help` lists what it takes.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { projectRoot } from './project.mjs';

await build({
  absWorkingDir: projectRoot,
  entryPoints: ['test/choices/main.ts'],
  outdir: 'build/choices',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // Native packages, and those that look for files beside their own.
  external: ['sharp', 'esbuild', 'h5wasm', 'onnxruntime-node'],
  keepNames: true,
  // As the engine itself is bundled: both halves of tfjs from its Node builds, once.
  mainFields: ['main', 'module'],
  define: { RETORT_VERSION: JSON.stringify('propose-table') },
  logLevel: 'warning',
});

const main = join(projectRoot, 'build', 'choices', 'main.cjs');
const child = spawn(process.execPath, [main, ...process.argv.slice(2)], {
  cwd: projectRoot,
  stdio: 'inherit',
});
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
