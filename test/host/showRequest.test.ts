import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { showRequestFile } from '../../src/runs/showRequest';
import { writeRun } from './fixtures/writeRun';
import { closeAll, put, remove, until, workspaceRoot } from './fixtures/workspace';

const tabs = (): string[] =>
  vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.map(({ label }) => label));

describe('a request to show a run', () => {
  afterEach(async () => {
    await closeAll();
    remove('.retort');
  });

  it('opens the curves of the run that it names, once', async () => {
    await vscode.extensions.getExtension('retort.retort')?.activate();
    writeRun(workspaceRoot(), { id: '2026-11-22-070000-asked', name: 'asked for' });
    put(showRequestFile, '2026-11-22-070000-asked\n');
    await until('its curves', () => tabs().includes('Curves: asked for'));
    await until('the answered request to go', () => !existsSync(join(workspaceRoot(), showRequestFile)));
  });

  it('is left alone where it names no folder’s name', async () => {
    await vscode.extensions.getExtension('retort.retort')?.activate();
    writeRun(workspaceRoot(), { id: '2026-11-22-070001-other', name: 'other' });
    put(showRequestFile, '../../elsewhere\n');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.deepEqual(tabs(), []);
  });
});
