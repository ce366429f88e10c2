import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Section {
  id: number;
  payload: Buffer;
}

/** The sections of a WebAssembly module, in order. */
const sectionsOf = (module: Buffer): Section[] => {
  const found: Section[] = [];
  for (let at = 8; at < module.length;) {
    const id = module[at++] as number;
    let [size, shift, byte] = [0, 0, 0];
    do {
      byte = module[at++] as number;
      size += (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    found.push({ id, payload: module.subarray(at, (at += size)) });
  }
  return found;
};

describe.each(['kernels.wasm', 'kernelsFused.wasm'])('the compiled %s', (name) => {
  const folder = new URL('../../engine/backend/kernels/', import.meta.url);
  const compiled = readFileSync(new URL(`../../engine/backend/wasm/${name}`, import.meta.url));
  const sources = readdirSync(folder)
    .filter((one) => /\.[ch]$/.test(one))
    .sort()
    .map((one) => readFileSync(new URL(one, folder)));

  it('are those of the sources', () => {
    const [hash] = sectionsOf(compiled).flatMap(({ id, payload }) =>
      id === 0 && payload.subarray(1, 7).toString() === 'source' ? [payload.subarray(7)] : [],
    );
    const advice = 'the kernels have changed: run node setup/kernels.mjs';
    expect(hash?.toString('hex'), advice).toBe(
      createHash('sha256').update(Buffer.concat(sources)).digest('hex'),
    );
  });

  it('hold no data, which would lie on tfjs’s', () => {
    const [codeSection, dataSection] = [10, 11];
    const ids = sectionsOf(compiled).map(({ id }) => id);
    expect(ids).toContain(codeSection);
    expect(ids).not.toContain(dataSection);
  });

  it('compile to the same bytes again', async (context) => {
    if (process.env.RETORT_TEST_KERNELS !== '1')
      context.skip('RETORT_TEST_KERNELS=1 downloads a compiler and compiles');
    const { compileKernels } = (await import('../../setup/kernels.mjs')) as Record<
      string,
      () => Promise<Record<string, Uint8Array>>
    >;
    expect(Buffer.from((await compileKernels?.())?.[name] ?? []).equals(compiled)).toBe(true);
  });
});
