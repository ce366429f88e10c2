// Three programs, three outputs: the extension host, the engine (as `engine.cjs` and the `retort` command), the pages.
import * as esbuild from 'esbuild';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const watch = process.argv.includes('--watch');
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const shared = {
  define: { RETORT_VERSION: JSON.stringify(version) },
  bundle: true,
  minify: !watch,
  sourcemap: watch ? 'linked' : false,
  logLevel: 'warning',
  legalComments: 'none',
};

/** Packages that hold binaries stay outside the bundle and travel beside it. */
const native = ['sharp', 'esbuild', 'h5wasm', 'onnxruntime-node'];

const builds = [
  {
    ...shared,
    entryPoints: { retort: 'engine/main.ts' },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: native,
    keepNames: true,
    // tfjs-node is CommonJS with ES5 classes that extend tfjs's: both must come from tfjs's Node builds, once.
    mainFields: ['main', 'module'],
    banner: { js: '#!/usr/bin/env node' },
  },
  ...readdirSync('webview', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(`webview/${entry.name}/main.ts`))
    .map((entry) => ({
      ...shared,
      entryPoints: { [entry.name]: `webview/${entry.name}/main.ts` },
      outdir: 'dist/webview',
      platform: 'browser',
      target: 'es2022',
      format: 'iife',
      loader: { '.svg': 'text' },
    })),
  {
    ...shared,
    entryPoints: { extension: 'src/extension.ts' },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // jsonc-parser's CommonJS build cannot be bundled.
    mainFields: ['module', 'main'],
    external: ['vscode'],
  },
];

for (const options of builds) {
  if (watch) await (await esbuild.context(options)).watch();
  else await esbuild.build(options);
}

// What `retort backends --install` compiles: tfjs-node's binding, our own modules and kernels, the
// Node-API headers.
cpSync('node_modules/@tensorflow/tfjs-node-gpu/binding', 'dist/binding', { recursive: true });
cpSync('engine/backend/native', 'dist/binding', { recursive: true });
cpSync('engine/backend/kernels', 'dist/kernels', { recursive: true });
cpSync('node_modules/node-api-headers/include', 'dist/binding/node-api', { recursive: true });

// What `retort export-keras` has the user's Python run.
cpSync('engine/models/exportKeras.py', 'dist/exportKeras.py');

// The wasm backend: tfjs's module and the training kernels.
const tfjsWasm = 'tfjs-backend-wasm-threaded-simd.wasm';
cpSync(`node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/${tfjsWasm}`, `dist/wasm/${tfjsWasm}`);
for (const name of ['kernels.wasm', 'kernelsFused.wasm'])
  cpSync(`engine/backend/wasm/${name}`, `dist/wasm/${name}`);

// The schema that editors complete recipes with comes out of the same definitions that the engine checks them against.
if (!watch) {
  const schema = execFileSync(process.execPath, ['dist/retort.cjs', 'schema'], { encoding: 'utf8' });
  writeFileSync('dist/recipe.schema.json', schema);
}
