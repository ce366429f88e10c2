import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { projectRoot } from './project.mjs';

/**
 * Bundles measuring programs of `test` as the engine itself is bundled, and runs the first with this process's arguments.
 * @param {readonly [string, ...string[]]} entryPoints
 */
export const runBundled = async (entryPoints) => {
  await build({
    absWorkingDir: projectRoot,
    entryPoints: [...entryPoints],
    outbase: 'test',
    outdir: 'build',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // Native packages, and those that look for files beside their own.
    external: ['sharp', 'esbuild', 'h5wasm', 'onnxruntime-node'],
    keepNames: true,
    // Both halves of tfjs from its Node builds, once.
    mainFields: ['main', 'module'],
    define: { RETORT_VERSION: JSON.stringify('bench') },
    logLevel: 'warning',
  });
  const program = entryPoints[0].replace(/^test\//, '').replace(/\.ts$/, '.cjs');
  const child = spawn(process.execPath, [join(projectRoot, 'build', program), ...process.argv.slice(2)], {
    cwd: projectRoot,
    stdio: 'inherit',
  });
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
};
