import { basename } from 'node:path';
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
    define: { 'import.meta.url': metaUrlName },
    logLevel: 'silent',
  }).catch((error: unknown) => {
    throw buildFailed(file, error);
  });
  const text = outputFiles.find(({ path }) => path.endsWith('.cjs'))?.text ?? '';
  const map = JSON.parse(
    outputFiles.find(({ path }) => path.endsWith('.map'))?.text ?? '{}',
  ) as SourceMapPayload;
  return { file, runName, text, locations: new CodeLocations(map, runName) };
};
