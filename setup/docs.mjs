#!/usr/bin/env node
// `npm run docs`: docs/methods, one page a method, made of what the methods say of themselves.
import { build } from 'esbuild';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './project.mjs';
import { say } from './step.mjs';

const bundle = join(projectRoot, 'build', 'docs', 'pages.cjs');
await build({
  absWorkingDir: projectRoot,
  stdin: {
    contents:
      "export { methodPages } from './engine/methods/page'; export { methodInfos } from './engine/methods/registry';",
    resolveDir: projectRoot,
    loader: 'ts',
  },
  outfile: bundle,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['sharp', 'esbuild', 'h5wasm', 'onnxruntime-node'],
  // As the engine itself is bundled: both halves of tfjs from its Node builds, once.
  mainFields: ['main', 'module'],
  define: { RETORT_VERSION: JSON.stringify('docs') },
  logLevel: 'warning',
});

const { methodPages, methodInfos } = await import(pathToFileURL(bundle).href);
/** @type {Map<string, string>} */
const pages = methodPages(methodInfos());
const folder = join(projectRoot, 'docs', 'methods');
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (!pages.has(name)) rmSync(join(folder, name));
for (const [name, text] of pages) writeFileSync(join(folder, name), text);
say(`${pages.size} pages in docs/methods`);
