import { strict as assert } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { commands } from '../../src/contributions';
import { closeAll, pause, put, remove, showText, until, workspaceRoot } from './fixtures/workspace';

const folder = 'guided';
const code = (name: string): string =>
  `import * as tf from '@tensorflow/tfjs';\n\nexport const ${name} = () =>\n  tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [4] })] });\n`;

describe('the guided pick', () => {
  before(() => {
    put(`${folder}/student.ts`, code('tiny'));
    for (const image of ['cat/1.png', 'dog/1.png']) put(`${folder}/pictures/${image}`, '');
    put(`${folder}/taken.distill.json`, '{}');
  });
  after(async () => {
    await closeAll();
    remove(folder);
  });

  it('writes a recipe beside the code from the lens, with every first choice accepted', async function () {
    this.timeout(120_000);
    const { document } = await showText(join(workspaceRoot(), folder, 'student.ts'));
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      document.uri,
      10,
    );
    const command = lenses.find((lens) => lens.command?.command === commands.distillModel)?.command;
    assert.ok(command);
    void vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
    const file = join(workspaceRoot(), folder, 'tiny.distill.json');
    await until(
      'the recipe',
      async () => {
        await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
        await pause(400);
        return existsSync(file);
      },
      110_000,
    );
    const recipe = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(recipe.student, 'student.ts#tiny');
    assert.deepEqual(
      recipe.losses.map((loss: { method: string }) => loss.method),
      ['task', 'kd'],
    );
    assert.equal(recipe.data.kind, 'folders');
    assert.ok(recipe.teacher);
    await until('the recipe in an editor', () => vscode.window.activeTextEditor?.document.fileName === file);
    await pause(1500);
    assert.deepEqual(
      vscode.languages.getDiagnostics(vscode.Uri.file(file)).map(({ message }) => message),
      [],
    );
  });

  it('shows the page of a method', async () => {
    await vscode.commands.executeCommand(commands.showMethod, 'det-wang');
    await until('the page', () =>
      vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ label }) => label.includes('det-wang.md'))),
    );
  });

  it('shows what computes', async () => {
    await vscode.commands.executeCommand(commands.checkSetup);
    const page = vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'retort-setup');
    assert.match(page?.getText() ?? '', /^# Retort setup/);
    assert.match(page?.getText() ?? '', /\*\*Backend\*\*: \S+/);
    assert.ok(vscode.workspace.textDocuments.every((document) => !document.isDirty));
  });
});
