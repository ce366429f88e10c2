import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findNode, nodesOnPath, nodeVersion } from '../../../../src/engine/nodeRuntime';

const folder = mkdtempSync(join(tmpdir(), 'retort-node-'));
const place = (name: string, text: string | null): string => {
  mkdirSync(join(folder, name));
  const file = join(folder, name, 'node');
  if (text === null) symlinkSync(process.execPath, file);
  else writeFileSync(file, text);
  if (text !== null) chmodSync(file, 0o755);
  return file;
};
const old = place('old', '#!/bin/sh\necho v18.1.0\n');
const other = place('other', '#!/bin/sh\necho something\n');
const real = place('real', null);
const before = process.env['PATH'];
beforeEach(() => (process.env['NODE_OPTIONS'] = '--no-warnings'));
afterEach(() => {
  process.env['PATH'] = before;
  delete process.env['NODE_OPTIONS'];
});
afterAll(() => rmSync(folder, { recursive: true }));
const path = (...names: string[]): string => names.map((name) => join(folder, name)).join(delimiter);

describe('findNode', () => {
  it('takes the first on PATH that is recent enough', async () => {
    process.env['PATH'] = path('absent', 'old', 'other', 'real') + delimiter + before;
    expect(await findNode('')).toMatchObject({ path: real, version: process.versions.node, origin: 'PATH' });
    expect(await nodesOnPath(path('other', 'absent', 'real'))).toEqual([other, real]);
  });

  it('falls back on the editor’s own runtime', async () => {
    process.env['PATH'] = path('old');
    const { path: found, env } = await findNode('');
    expect(found).toBe(process.execPath);
    expect(env['ELECTRON_RUN_AS_NODE']).toBe('1');
  });

  it('takes the setting’s, without what the editor sets for its own children', async () => {
    const { origin, env } = await findNode(real);
    expect(origin).toContain('retort.engine.nodePath');
    expect(env).not.toHaveProperty('NODE_OPTIONS');
    expect(env).not.toHaveProperty('ELECTRON_RUN_AS_NODE');
  });

  it('says what is wrong with the setting', async () => {
    await expect(findNode(old)).rejects.toMatchObject({
      code: 'backendMissing',
      message: /is Node 18\.1\.0/,
    });
    await expect(findNode(other)).rejects.toMatchObject({ message: /is no Node/ });
    await expect(findNode(join(folder, 'absent'))).rejects.toMatchObject({ message: /is no Node/ });
    expect(await nodeVersion(process.execPath)).toBe(process.versions.node);
  });
});
