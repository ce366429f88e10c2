import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { LayersSubject, PageAnswer } from '../../engine/contract/pages';
import { commands, panelTypes } from '../../src/contributions';
import { EngineClient } from '../../src/engine/engineClient';
import { findNode } from '../../src/engine/nodeRuntime';
import { LayersPanel } from '../../src/panels/layersPanel';
import type { LayersTarget } from '../../src/panels/layersTarget';
import { loadPage } from '../../src/panels/loadPage';
import { findRunRoots } from '../../src/runs/runRoots';
import { RunStore } from '../../src/runs/runStore';
import { RunWatcher } from '../../src/runs/runWatcher';
import type { Services } from '../../src/services';
import { closeAll, extensionUri, openPages, put, remove, showText, until } from './fixtures/workspace';

const net = (name: string, filters: number): string => `import * as tf from '@tensorflow/tfjs';

export const ${name} = () =>
  tf.sequential({
    name: '${name}',
    layers: [
      tf.layers.conv2d({ name: 'conv', filters: ${filters}, kernelSize: 3, padding: 'same', inputShape: [8, 8, 1] }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ name: 'classes', units: 2 }),
    ],
  });
`;
/** Zero-based. */
const convLine = 6;
const recipe = `{
  "name": "mine",
  "teacher": { "model": "teacher.ts#teacher", "train": { "epochs": 1 } },
  "student": "student.ts#student",
  "data": { "kind": "arrays", "images": "x.npy", "labels": "y.npy" },
  "losses": [{ "method": "task" }, { "method": "kd", "weight": 0.5, "temperature": 3 }]
}
`;

interface Message {
  t: string;
  m?: string;
  a?: unknown[];
  r?: unknown;
}

const makeServices = (log: vscode.LogOutputChannel): Services => {
  const bundle = join(extensionUri().fsPath, 'dist', 'retort.cjs');
  const findRuntime = () => findNode('');
  const engine = new EngineClient({
    options: async () => ({
      bundle,
      runtime: await findRuntime(),
      args: [],
      print: () => undefined,
      helloTimeoutMs: 60_000,
      callTimeoutMs: 60_000,
    }),
    isTrusted: () => true,
    info: () => undefined,
    warn: () => undefined,
  });
  const store = new RunStore(findRunRoots);
  const memory = { keys: () => [], get: () => undefined, update: async () => undefined };
  const watcher = new RunWatcher(store, log);
  return { extensionUri: extensionUri(), memory, log, bundle, findRuntime, engine, store, watcher };
};

describe('the Layers page', () => {
  const log = vscode.window.createOutputChannel('Retort layers tests', { log: true });
  let file: (name: string) => string;

  before(() => {
    const paths = new Map<string, string>();
    for (const [name, text] of [
      ['teacher.ts', net('teacher', 8)],
      ['student.ts', net('student', 4)],
      ['mine.distill.json', recipe],
    ] as const)
      paths.set(name, put(`layers/${name}`, text));
    file = (name) => paths.get(name) ?? '';
  });
  after(async () => {
    await closeAll();
    remove('layers');
  });

  it('opens by its command, one of a kind, for the model in the editor and for a recipe', async () => {
    await showText(file('student.ts'));
    await vscode.commands.executeCommand(commands.showLayers);
    await until('the page', () => openPages().some((type) => type.endsWith(panelTypes.layers)));
    await vscode.commands.executeCommand(commands.showLayers, vscode.Uri.file(file('mine.distill.json')));
    const labels = (): string[] =>
      vscode.window.tabGroups.all.flatMap((group) => group.tabs).map((tab) => tab.label);
    await until('the recipe’s page', () => labels().includes('Layers: mine'), 60_000);
    assert.equal(labels().filter((label) => label.startsWith('Layers')).length, 1);
    await closeAll();
  }).timeout(90_000);

  it('gets both networks without folders, follows the cursor, and changes the recipe by an edit', async () => {
    const services = makeServices(log);
    const target: LayersTarget = { recipe: vscode.Uri.file(file('mine.distill.json')).toString() };
    const editor = await showText(file('student.ts'));
    const place = { viewColumn: vscode.ViewColumn.Two, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel(panelTypes.layers, '', place);
    const sent: Message[] = [];
    const receivers: ((message: unknown) => void)[] = [];
    const post = panel.webview.postMessage.bind(panel.webview);
    Object.defineProperty(panel.webview, 'postMessage', {
      value: (message: Message) => {
        sent.push(message);
        return post(message);
      },
    });
    const listen = panel.webview.onDidReceiveMessage.bind(panel.webview);
    Object.defineProperty(panel.webview, 'onDidReceiveMessage', {
      value: (receive: (message: unknown) => void) => {
        receivers.push(receive);
        return listen(receive);
      },
    });
    const layers = new LayersPanel(panel, services, target, () => undefined);
    loadPage(panel, services.extensionUri, 'layers');
    const isSubject = ({ t, r }: Message): boolean =>
      t === 's' &&
      (r as PageAnswer<LayersSubject> | undefined)?.ok === true &&
      JSON.stringify(r).includes('"methods"');
    const answer = await until('the subject', () => sent.find(isSubject), 60_000);
    const { value } = answer.r as { value: LayersSubject };
    assert.deepEqual(
      [value.teacher?.name, value.student.name, value.recipe?.losses.length],
      ['teacher', 'student', 2],
    );
    assert.equal(value.student.layers.find(({ name }) => name === 'conv')?.location?.file, 'student.ts');
    assert.ok(!JSON.stringify(value).includes(file('student.ts')));

    editor.selection = new vscode.Selection(convLine, 0, convLine, 0);
    const event = await until('the cursor', () => sent.find(({ m }) => m === 'chooseLayer'));
    assert.deepEqual(event.a, ['student', 'conv']);

    const losses = [
      { method: 'kd', weight: 0.7, pairs: null, index: 1 },
      {
        method: 'at',
        weight: null,
        pairs: [{ teacher: 'conv', student: 'conv', adapter: 'auto' }],
        index: null,
      },
    ];
    for (const receive of receivers) receive({ t: 'q', i: 'write-1', m: 'write', a: [losses] });
    await until('the answer', () => sent.find((message) => (message as { i?: string }).i === 'write-1'));
    const document = await vscode.workspace.openTextDocument(file('mine.distill.json'));
    const [kd, at] = JSON.parse(document.getText()).losses;
    assert.deepEqual(kd, { method: 'kd', weight: 0.7, temperature: 3 });
    assert.deepEqual([at.method, at.pairs], ['at', [{ teacher: 'conv', student: 'conv' }]]);
    assert.equal(document.isDirty, false);
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('undo');
    await until('the recipe as it was', () => document.getText() === recipe);
    await vscode.commands.executeCommand('workbench.action.files.revert');
    layers.dispose();
    services.engine.dispose();
    services.watcher.dispose();
  }).timeout(120_000);
});
