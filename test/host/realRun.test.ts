import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { isActive, runsFolder, type RunReport, type RunState } from '../../engine/contract/run';
import { commands, panelTypes } from '../../src/contributions';
import { isAlive } from '../../src/runs/runFolder';
import { closeAll, openPages, put, remove, until, workspaceRoot } from './fixtures/workspace';

const samples = 96;
const header = (shape: string): Uint8Array => {
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'), Buffer.from(`${text}\n`)]);
};
/** Two classes: bright in the left half, or in the right. */
const images = Uint8Array.from({ length: samples * 16 }, (_, at) => {
  const [sample, column] = [Math.floor(at / 16), at % 4];
  return column < 2 === (sample % 2 === 0) ? 200 + (at % 50) : at % 50;
});
const labels = Uint8Array.from({ length: samples }, (_, sample) => sample % 2);

const recipe = {
  student: 'net.ts#net',
  data: { kind: 'arrays', images: 'x.npy', labels: 'y.npy', input: { divide: 255 }, validation: 0.25 },
  losses: [{ method: 'task' }],
  training: { epochs: 150, batchSize: 8, learningRate: 0.01, logEvery: 1 },
  control: false,
};
const code = `import * as tf from '@tensorflow/tfjs';\n\nexport const net = () =>\n  tf.sequential({\n    layers: [\n      tf.layers.flatten({ inputShape: [4, 4, 1] }),\n      tf.layers.dense({ units: 2 }),\n    ],\n  });\n`;

const runs = (): string[] => {
  const root = join(workspaceRoot(), runsFolder);
  return existsSync(root) ? readdirSync(root).map((name) => join(root, name)) : [];
};
const stateOf = (run: string): RunState => JSON.parse(readFileSync(join(run, 'state.json'), 'utf8'));
const ended = (run: string): boolean => !isActive(stateOf(run).status);

describe('a real run', () => {
  before(() => {
    put('real/net.ts', code);
    put('real/x.npy', Buffer.concat([header(`${samples}, 4, 4, 1`), images]));
    put('real/y.npy', Buffer.concat([header(`${samples},`), labels]));
    put('real/real.distill.json', JSON.stringify(recipe));
  });
  after(async () => {
    await closeAll();
    remove('real');
    remove('.retort');
    await vscode.commands.executeCommand(commands.refreshRuns);
  });

  it('starts from its recipe in a process of its own, is stopped, resumed, and ends with a report', async function () {
    this.timeout(170_000);
    const uri = vscode.Uri.file(join(workspaceRoot(), 'real/real.distill.json'));
    await vscode.commands.executeCommand(commands.runRecipe, uri);
    const [run] = await until('the run folder', () => (runs().length > 0 ? runs() : null));
    assert.ok(run);
    const working = await until(
      'steps',
      () => {
        const state = stateOf(run);
        return state.totalStep > 0 || state.failure ? state : null;
      },
      90_000,
    );
    assert.equal(working.failure, null);
    assert.ok(working.pid !== null && isAlive(working.pid) && working.pid !== process.pid);
    assert.ok(openPages().some((type) => type.endsWith(panelTypes.curves)));
    const id = run.split(/[\\/]/).at(-1);
    await vscode.commands.executeCommand(commands.stopRun, id);
    await until('the stop', () => ended(run));
    assert.equal(stateOf(run).status, 'stopped');
    const { totalStep } = stateOf(run);
    assert.ok(totalStep < stateOf(run).totalSteps);
    await vscode.commands.executeCommand(commands.refreshRuns);
    await vscode.commands.executeCommand(commands.resumeRun, id);
    await until(
      'the end',
      () => stateOf(run).status === 'done' || stateOf(run).failure?.code === 'internal',
      90_000,
    );
    const report: RunReport = JSON.parse(readFileSync(join(run, 'report.json'), 'utf8'));
    assert.equal(report.status, 'done');
    assert.ok((report.student.metrics['acc'] ?? 0) > 0.9);
    await vscode.commands.executeCommand(commands.refreshRuns);
    await vscode.commands.executeCommand(commands.openReport, id);
    await until('the report', () => openPages().some((type) => type.endsWith(panelTypes.report)));
  });
});
