import { strict as assert } from 'node:assert';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { commands, panelTypes } from '../../src/contributions';
import { EngineClient } from '../../src/engine/engineClient';
import { CurvesPanel } from '../../src/panels/curvesPanel';
import { loadPage } from '../../src/panels/loadPage';
import { findRunRoots } from '../../src/runs/runRoots';
import { RunStore } from '../../src/runs/runStore';
import { RunWatcher } from '../../src/runs/runWatcher';
import type { Services } from '../../src/services';
import { makePoint, makeState, writeRun } from './fixtures/writeRun';
import { closeAll, extensionUri, openPages, remove, until, workspaceRoot } from './fixtures/workspace';

const log = vscode.window.createOutputChannel('Retort page tests', { log: true });

const makeServices = (): Services => {
  const store = new RunStore(findRunRoots);
  const unused = (): never => {
    throw new Error('The curves need no engine.');
  };
  return {
    extensionUri: extensionUri(),
    memory: { keys: () => [], get: () => undefined, update: async () => undefined },
    log,
    bundle: '',
    findRuntime: unused,
    engine: new EngineClient({ options: unused, isTrusted: () => false, info: () => {}, warn: () => {} }),
    store,
    watcher: new RunWatcher(store, log),
  };
};

interface Message {
  t: string;
  m?: string;
  a?: unknown[];
  r?: { runs: { id: string; points: unknown[] }[] };
}

/** A panel that keeps what goes to the page and what comes from it. */
const openRecorded = (): { panel: vscode.WebviewPanel; sent: Message[]; got: Message[] } => {
  const panel = vscode.window.createWebviewPanel(panelTypes.curves, '', vscode.ViewColumn.One);
  const [sent, got]: [Message[], Message[]] = [[], []];
  panel.webview.onDidReceiveMessage((message: Message) => got.push(message));
  const post = panel.webview.postMessage.bind(panel.webview);
  Object.defineProperty(panel.webview, 'postMessage', {
    value: (message: Message) => {
      sent.push(message);
      return post(message);
    },
  });
  return { panel, sent, got };
};

describe('pages', () => {
  afterEach(async () => {
    await closeAll();
    remove('.retort');
  });

  it('open beside the code, one of a kind, with the runs that were chosen', async () => {
    writeRun(workspaceRoot(), { id: '2026-1', name: 'one' });
    writeRun(workspaceRoot(), { id: '2026-2', name: 'two' });
    await vscode.commands.executeCommand(commands.refreshRuns);
    await vscode.commands.executeCommand(commands.openCurves, '2026-1');
    await until('the page', () => openPages().some((type) => type.endsWith(panelTypes.curves)));
    await vscode.commands.executeCommand(commands.openCurves, '2026-2');
    const labels = (): string[] =>
      vscode.window.tabGroups.all.flatMap((group) => group.tabs).map((tab) => tab.label);
    await until('the second run', () => labels().includes('Curves: two'));
    assert.equal(labels().filter((label) => label.startsWith('Curves')).length, 1);
  });

  it('run under a strict policy, get one snapshot, then only what is new', async () => {
    const points = [makePoint(1), makePoint(2)];
    const folder = writeRun(workspaceRoot(), { id: '2026-3', points });
    const services = makeServices();
    await services.store.load();
    const { panel, sent, got } = openRecorded();
    const curves = new CurvesPanel(panel, services, ['2026-3'], () => undefined);
    loadPage(panel, services.extensionUri, 'curves');
    assert.match(panel.webview.html, /default-src 'none'; script-src 'nonce-[\w-]+'; style-src 'nonce-/);
    assert.ok(!panel.webview.html.includes('unsafe'));
    await until('the page’s own script to ask for its runs', () =>
      got.some((message) => message.m === 'open'),
    );
    const answer = await until('the snapshot', () =>
      sent.find((message) => message.t === 's' && message.r?.runs),
    );
    assert.deepEqual(
      answer.r?.runs.map((one) => [one.id, one.points.length]),
      [['2026-3', 2]],
    );
    appendFileSync(join(folder, 'metrics.jsonl'), `${JSON.stringify(makePoint(3))}\n`);
    writeFileSync(join(folder, 'state.json'), JSON.stringify(makeState({ epoch: 8 })));
    const hasPoints = ({ m, a }: Message): boolean => m === 'append' && (a?.[2] as unknown[]).length > 0;
    const append = await until('the new point', () => sent.find(hasPoints));
    assert.deepEqual(append.a?.slice(0, 3), ['2026-3', 2, [makePoint(3)]]);
    curves.dispose();
    services.watcher.dispose();
  });

  it('get nothing while hidden, and all when shown again', async () => {
    const folder = writeRun(workspaceRoot(), { id: '2026-4', points: [makePoint(1)] });
    const services = makeServices();
    await services.store.load();
    const { panel, sent } = openRecorded();
    const curves = new CurvesPanel(panel, services, ['2026-4'], () => undefined);
    loadPage(panel, services.extensionUri, 'curves');
    await until('the snapshot', () => sent.some((message) => message.r?.runs));
    const cover = await vscode.workspace.openTextDocument({ content: 'covers the page' });
    await vscode.window.showTextDocument(cover, vscode.ViewColumn.One);
    await until('the page to be hidden', () => !panel.visible);
    sent.length = 0;
    appendFileSync(join(folder, 'metrics.jsonl'), `${JSON.stringify(makePoint(2))}\n`);
    await services.store.refresh('2026-4');
    assert.deepEqual(sent, []);
    panel.reveal();
    const isWhole = (message: Message): boolean => {
      const runs = (message.r?.runs ?? message.a?.[0]) as { points: unknown[] }[] | undefined;
      return (message.m === 'show' || message.t === 's') && runs?.[0]?.points.length === 2;
    };
    await until('all points', () => sent.some(isWhole));
    curves.dispose();
    services.watcher.dispose();
  });
});
