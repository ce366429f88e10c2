import { strict as assert } from 'node:assert';
import { after, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { closeAll, put, remove, showText } from './fixtures/workspace';

const lensesOf = async (file: string): Promise<string[]> => {
  const { document } = await showText(file);
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
    'vscode.executeCodeLensProvider',
    document.uri,
    100,
  );
  return lenses
    .filter((lens) => lens.command?.command.startsWith('retort.'))
    .map((lens) => `${lens.range.start.line}: ${lens.command?.title.replace(/\$\([\w-]+\)\s/, '')}`);
};

const model = JSON.stringify({
  format: 'layers-model',
  modelTopology: { class_name: 'Sequential', config: { layers: [] } },
  weightsManifest: [],
});

describe('lenses', () => {
  after(async () => {
    await closeAll();
    remove('lens');
  });

  it('stand over each model of TypeScript and JavaScript, and over a model file', async () => {
    const code = `import * as tf from '@tensorflow/tfjs';\n\nexport const small = () => tf.sequential();\nexport function large() {\n  return tf.model({} as never);\n}\n`;
    assert.deepEqual(await lensesOf(put('lens/nets.ts', code)), [
      '2: Distill this model',
      '2: Show layers',
      '3: Distill this model',
      '3: Show layers',
    ]);
    const plain = `const tf = require('@tensorflow/tfjs-node');\nmodule.exports = { net: tf.sequential() };\n`;
    assert.deepEqual(await lensesOf(put('lens/nets.cjs', plain)), [
      '1: Distill this model',
      '1: Show layers',
    ]);
    assert.deepEqual(await lensesOf(put('lens/model.json', model)), [
      '0: Distill this model',
      '0: Show layers',
    ]);
  });

  it('stand over each Keras model of Python, and over no class or call that is none', async () => {
    const code = `import keras\n\nclass Own(keras.Model):\n    pass\n\nown = Own()\nnet = keras.Sequential([])\n\n@cached\ndef build():\n    return keras.Model(i, o)\n`;
    assert.deepEqual(await lensesOf(put('lens/nets.py', code)), [
      '6: Distill this model',
      '6: Show layers',
      '8: Distill this model',
      '8: Show layers',
    ]);
  });

  it('stand over nothing that only looks alike', async () => {
    const near = `import * as tf from '@tensorflow/tfjs-vis';\n// tf.sequential() of @tensorflow/tfjs\nexport const net = tf.sequential();\n`;
    assert.deepEqual(await lensesOf(put('lens/near.ts', near)), []);
    assert.deepEqual(
      await lensesOf(put('lens/other.json', '{"modelTopology": 1, "weightsManifest": 2}')),
      [],
    );
  });

  it('follow the text as it is edited', async () => {
    const file = put('lens/edited.ts', `import * as tf from '@tensorflow/tfjs';\n`);
    assert.deepEqual(await lensesOf(file), []);
    const editor = await showText(file);
    await editor.edit((edit) =>
      edit.insert(new vscode.Position(1, 0), 'export const net = tf.sequential();\n'),
    );
    assert.deepEqual(await lensesOf(file), ['1: Distill this model', '1: Show layers']);
    await editor.document.save();
  });

  it('offer to run a recipe', async () => {
    assert.deepEqual(await lensesOf(put('lens/a.distill.json', '{}')), ['0: Run this recipe']);
  });

  it('disappear with the setting', async () => {
    const settings = vscode.workspace.getConfiguration('retort');
    await settings.update('codeLens.enabled', false, vscode.ConfigurationTarget.Workspace);
    try {
      assert.deepEqual(await lensesOf(put('lens/model.json', model)), []);
    } finally {
      await settings.update('codeLens.enabled', undefined, vscode.ConfigurationTarget.Workspace);
    }
  });
});
