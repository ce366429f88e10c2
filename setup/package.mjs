// `npm run package`: the extension as a VSIX for this platform, with the native packages that its engine needs.
import { createVSIX } from '@vscode/vsce';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProject } from './build.mjs';
import { thirdPartyNotices } from './notices.mjs';
import { addPrebuilt } from './prebuilt.mjs';
import { projectRoot } from './project.mjs';
import { say, SetupFailed } from './step.mjs';

/** What the built engine loads from `node_modules` (esbuild.mjs leaves it outside the bundle). */
const nativePackages = ['sharp', 'esbuild', 'h5wasm'];
const shipped = ['dist', 'media', 'docs', 'README.md', 'CHANGELOG.md', 'LICENSE', 'package.nls.json'];

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/**
 * A package and all it needs, each with its folder. Optional ones are those that npm installed for this platform.
 * @param {string} name
 * @param {Map<string, string>} [found]
 */
const packageClosure = (name, found = new Map()) => {
  const folder = join(projectRoot, 'node_modules', name);
  if (found.has(name) || !existsSync(folder)) return found;
  found.set(name, folder);
  const { dependencies = {}, optionalDependencies = {} } = readJson(join(folder, 'package.json'));
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies }))
    packageClosure(needed, found);
  return found;
};

/** The manifest as users get it: nothing for developing, and of the dependencies only those not bundled. */
const shippedManifest = () => {
  const manifest = readJson(join(projectRoot, 'package.json'));
  const native = nativePackages.map((name) => [name, manifest.dependencies[name]]);
  for (const key of ['scripts', 'devDependencies', 'optionalDependencies']) delete manifest[key];
  return { ...manifest, dependencies: Object.fromEntries(native) };
};

/**
 * Every file that the manifest names, e.g. `./media/icon.png`.
 * @param {unknown} value
 * @returns {string[]}
 */
const namedFiles = (value) => {
  if (typeof value === 'string') return /^(?:\.\/|media\/|dist\/)[^*]+\.\w+$/.test(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(namedFiles) : [];
};

/** @param {string} staging */
const fillStaging = (staging) => {
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  for (const name of shipped) {
    const source = join(projectRoot, name);
    if (existsSync(source)) cpSync(source, join(staging, name), { recursive: true });
  }
  for (const [name, folder] of nativePackages.flatMap((native) => [...packageClosure(native)])) {
    cpSync(folder, join(staging, 'node_modules', name), { recursive: true });
  }
  const manifest = shippedManifest();
  writeFileSync(join(staging, 'package.json'), JSON.stringify(manifest, null, 2));
  writeFileSync(join(staging, 'THIRD-PARTY-NOTICES.txt'), thirdPartyNotices());
  const unneeded = ['sharp/src', 'sharp/install', '**/*.d.ts', '**/*.d.mts', '**/*.d.cts'];
  writeFileSync(
    join(staging, '.vscodeignore'),
    ['**/*.map', ...unneeded.map((pattern) => `node_modules/${pattern}`)].join('\n'),
  );
  const missing = namedFiles(manifest).filter((file) => !existsSync(join(staging, file)));
  if (missing.length > 0)
    throw new SetupFailed(`package.json names files that are not there: ${missing.join(', ')}.`);
};

const makePackage = async () => {
  await buildProject();
  await addPrebuilt();
  const staging = join(projectRoot, 'build', 'vsix');
  fillStaging(staging);
  const target = `${process.platform}-${process.arch}`;
  const { name, version } = readJson(join(staging, 'package.json'));
  const packagePath = join(projectRoot, 'build', `${name}-${target}-${version}.vsix`);
  await createVSIX({
    cwd: staging,
    target,
    packagePath,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  rmSync(staging, { recursive: true });
  say(`${packagePath} (${(statSync(packagePath).size / 1e6).toFixed(1)} MB)`);
};

try {
  await makePackage();
} catch (error) {
  if (!(error instanceof SetupFailed)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
