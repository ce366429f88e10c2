import { strict as assert } from 'node:assert';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { runsFolder } from '../../engine/contract/run';
import { commands } from '../../src/contributions';
import { findRunRoots } from '../../src/runs/runRoots';
import { RunStore } from '../../src/runs/runStore';
import { RunTreeData } from '../../src/runs/runTreeData';
import { RunWatcher } from '../../src/runs/runWatcher';
import { makeReport, makeState, writeRun } from './fixtures/writeRun';
import { closeAll, put, remove, until, workspaceRoot } from './fixtures/workspace';

const parts: vscode.Disposable[] = [];
const log = vscode.window.createOutputChannel('Retort tests', { log: true });
const own = <T extends vscode.Disposable>(part: T): T => {
  parts.push(part);
  return part;
};
const run = (command: string, id: string): Thenable<unknown> => vscode.commands.executeCommand(command, id);

describe('the run list', () => {
  afterEach(() => {
    for (const part of parts.splice(0)) part.dispose();
    remove('.retort');
    remove('nested');
  });
  after(closeAll);

  it('reads nothing until it is asked, then shows the runs newest first', async () => {
    writeRun(workspaceRoot(), { id: '2026-1', name: 'first', createdAt: '2026-01-01T00:00:00Z' });
    const report = makeReport('2026-2', 'second');
    const state = { status: 'done' as const, pid: null };
    writeRun(workspaceRoot(), {
      id: '2026-2',
      name: 'second',
      createdAt: '2026-01-02T00:00:00Z',
      state,
      report,
    });
    const store = own(new RunStore(findRunRoots));
    const data = own(new RunTreeData(store));
    assert.equal(store.hasLoaded, false);
    const nodes = await data.getChildren();
    const items = nodes.map((node) => data.getTreeItem(node));
    assert.deepEqual(
      items.map((item) => [item.label, item.description, item.collapsibleState]),
      [
        ['second', 'done · val_acc 0.912', vscode.TreeItemCollapsibleState.Collapsed],
        ['first', 'epoch 7/20 · val_acc 0.912', vscode.TreeItemCollapsibleState.None],
      ],
    );
    const rows = await data.getChildren(nodes[0]);
    assert.deepEqual(
      rows.map((row) => data.getTreeItem(row).label),
      ['Teacher', 'Student', 'Control'],
    );
    assert.equal(data.getParent(rows[0] as never), nodes[0]);
  });

  it('finds the runs of a project nested in the folder', async () => {
    writeRun(join(workspaceRoot(), 'nested/project'), { id: '2026-3', name: 'inner' });
    const store = own(new RunStore(findRunRoots));
    await until('the nested run', async () => {
      await store.reload();
      return store.list().some((one) => one.name === 'inner');
    });
  });

  it('tells two runs of one name apart', async () => {
    const roots = ['a', 'b'].map((name) => join(workspaceRoot(), 'nested', name));
    for (const root of roots) writeRun(root, { id: '2026-4' });
    const store = own(new RunStore(async () => roots.map((root) => join(root, runsFolder))));
    await store.load();
    assert.deepEqual(
      store
        .list()
        .map(({ id }) => id)
        .sort(),
      ['2026-4', '2026-4@b'],
    );
  });

  it('follows an active run while someone looks, and sees that its process died', async () => {
    const folder = writeRun(workspaceRoot(), { id: '2026-5', state: { epoch: 1 } });
    const store = own(new RunStore(findRunRoots));
    const watcher = own(new RunWatcher(store, log));
    own(watcher.watchFor(() => true));
    await store.load();
    writeFileSync(join(folder, 'state.json'), JSON.stringify(makeState({ epoch: 9 })));
    await until('epoch 9', () => store.get('2026-5')?.state.epoch === 9);
    writeFileSync(join(folder, 'state.json'), JSON.stringify(makeState({ pid: 2 ** 30 })));
    await until('the interruption', () => store.get('2026-5')?.status === 'interrupted');
    assert.deepEqual(store.active(), []);
  });

  it('notices a run that is made outside of the editor', async () => {
    writeRun(workspaceRoot(), { id: '2026-5' });
    const store = own(new RunStore(findRunRoots));
    own(new RunWatcher(store, log));
    await store.load();
    writeRun(workspaceRoot(), { id: '2026-6', name: 'from outside' });
    await until('the new run', () => store.list().some((one) => one.name === 'from outside'));
    remove(`${runsFolder}/2026-6`);
    await until('its end', () => store.list().length === 1);
  });
});

describe('commands on runs', () => {
  afterEach(async () => {
    remove('.retort');
    await closeAll();
    await vscode.commands.executeCommand(commands.refreshRuns);
  });

  const write = async (options: Parameters<typeof writeRun>[1]): Promise<string> => {
    const folder = writeRun(workspaceRoot(), options);
    await vscode.commands.executeCommand(commands.refreshRuns);
    return folder;
  };

  it('stop asks the run to stop, and only a run that works', async () => {
    const working = await write({ id: '2026-7' });
    await run(commands.stopRun, '2026-7');
    assert.ok(existsSync(join(working, 'stop')));
    const done = await write({ id: '2026-8', state: { status: 'done', pid: null } });
    const gone = await write({ id: '2026-9', state: { pid: 2 ** 30 } });
    await run(commands.stopRun, '2026-8');
    await run(commands.stopRun, '2026-9');
    assert.ok(!existsSync(join(done, 'stop')) && !existsSync(join(gone, 'stop')));
  });

  it('delete refuses a run that works', async () => {
    const folder = await write({ id: '2026-a' });
    await run(commands.deleteRun, '2026-a');
    assert.ok(existsSync(folder));
  });

  it('copy path, open recipe and show log go to the right places', async () => {
    const folder = await write({ id: '2026-b', name: 'kept' });
    await run(commands.copyRunPath, '2026-b');
    assert.equal(await vscode.env.clipboard.readText(), folder);
    writeFileSync(join(folder, 'log.txt'), 'a line\n');
    await run(commands.showRunLog, '2026-b');
    assert.equal(vscode.window.activeTextEditor?.document.fileName, join(folder, 'log.txt'));
    await run(commands.openRecipe, '2026-b');
    assert.equal(vscode.window.activeTextEditor?.document.fileName, join(folder, 'recipe.json'));
    const source = put('kept.distill.json', '{}');
    await run(commands.openRecipe, '2026-b');
    assert.equal(vscode.window.activeTextEditor?.document.fileName, source);
    remove('kept.distill.json');
  });
});
