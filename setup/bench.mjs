#!/usr/bin/env node
// `npm run bench`: bundles test/bench and runs it; `npm run bench -- --help` lists what it takes.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { projectRoot } from './project.mjs';

await build({
  absWorkingDir: projectRoot,
  entryPoints: ['test/bench/main.ts', 'test/bench/worker.ts'],
  outdir: 'build/bench',
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
  define: { RETORT_VERSION: JSON.stringify('bench') },
  logLevel: 'warning',
});

const main = join(projectRoot, 'build', 'bench', 'main.cjs');
const child = spawn(process.execPath, [main, ...process.argv.slice(2)], {
  cwd: projectRoot,
  stdio: 'inherit',
});
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
