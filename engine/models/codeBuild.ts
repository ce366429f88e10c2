import { realpath } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import type { SourceMapPayload } from 'node:module';
import { build, type BuildFailure, type Message } from 'esbuild';
import { Failed } from '../contract/failure';
import { CodeLocations } from './codeLocations';
import { codePackages } from './codePackages';

/** Model code as one CommonJS text, with the way back to the user's lines. */
export interface BuiltCode {
  /** The file the user named. */
  file: string;
  /** The name under which the text is run; it marks the user's frames in a stack trace. */
  runName: string;
  text: string;
  locations: CodeLocations;
}

/** The name by which built code finds `import.meta.url`, which CommonJS has not. */
export const metaUrlName = 'retortImportMetaUrl';

const place = (message: Message): string =>
  message.location ? `${basename(message.location.file)}:${message.location.line}: ` : '';

const buildFailed = (file: string, error: unknown): Failed => {
  const message = (error as BuildFailure).errors?.[0];
  const text = message ? `${place(message)}${message.text}` : String(error);
  const awaits = text.includes('Top-level await');
  return new Failed(
    'modelInvalid',
    `${basename(file)} cannot be built: ${text}.`,
    awaits
      ? 'Move the await into an async function and export that.'
      : 'Correct the code, then open it again.',
    { cause: error },
  );
};

/** Paths of sources as the user knows them: the build follows links, an editor shows the path that was opened. */
const knownPaths = async (file: string): Promise<(source: string) => string> => {
  const given = file.split(sep);
  const real = (await realpath(file)).split(sep);
  while (given.length > 1 && real.length > 1 && given.at(-1) === real.at(-1)) {
    given.pop();
    real.pop();
  }
  const [givenRoot, realRoot] = [given.join(sep), real.join(sep)];
  return (source) => {
    const path = resolve(dirname(file), source);
    if (givenRoot === realRoot) return path;
    return path.startsWith(realRoot + sep) ? givenRoot + path.slice(realRoot.length) : path;
  };
};

/** Bundles the user's files. Throws `modelInvalid` with the file and line. */
export const buildCode = async (file: string): Promise<BuiltCode> => {
  const runName = `${file}.built.cjs`;
  const { outputFiles } = await build({
    entryPoints: [file],
    outfile: runName,
    write: false,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    plugins: [codePackages],
    sourcemap: 'external',
    supported: { 'dynamic-import': false },
    define: {
      'import.meta.url': metaUrlName,
      'import.meta.dirname': '__dirname',
      'import.meta.filename': '__filename',
    },
    logLevel: 'silent',
  }).catch((error: unknown) => {
    throw buildFailed(file, error);
  });
  const text = outputFiles.find(({ path }) => path.endsWith('.cjs'))?.text ?? '';
  const map = JSON.parse(
    outputFiles.find(({ path }) => path.endsWith('.map'))?.text ?? '{}',
  ) as SourceMapPayload;
  return { file, runName, text, locations: new CodeLocations(map, await knownPaths(file)) };
};
