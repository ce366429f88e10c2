import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { commands } from '../../src/contributions';
import { closeAll, extensionId, extensionUri, put, remove, showText, until } from './fixtures/workspace';

/** Processes whose parent is this extension host (Linux). */
const children = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === String(process.pid);
      } catch {
        return false;
      }
    });

describe('activation', () => {
  before(() => void put('near/plain.ts', 'export const one = 1;\n'));
  after(async () => {
    await closeAll();
    remove('near');
  });

  it('happens with a TypeScript file, starts no process and opens nothing', async function () {
    const extension = vscode.extensions.getExtension(extensionId);
    assert.ok(extension);
    const earlier = process.platform === 'linux' ? children() : [];
    await showText(put('near/plain.ts', 'export const one = 1;\n'));
    await until('activation', () => extension.isActive);
    if (process.platform !== 'linux') return this.skip();
    const engines = children()
      .filter((pid) => !earlier.includes(pid))
      .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('retort.cjs'));
    assert.deepEqual(engines, []);
    assert.equal(vscode.window.tabGroups.all.flatMap((group) => group.tabs).length, 1);
  });

  it('registers every command', async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    for (const id of Object.values(commands)) assert.ok(known.has(id), id);
  });

  it('stays within its size: the extension under 400 KB, each page under 450 KB', () => {
    const size = (path: string): number => statSync(vscode.Uri.joinPath(extensionUri(), path).fsPath).size;
    assert.ok(size('dist/extension.cjs') < 400 * 1024);
    for (const page of ['curves', 'activations'])
      assert.ok(size(`dist/webview/${page}.js`) + size(`dist/webview/${page}.css`) < 450 * 1024, page);
  });
});
