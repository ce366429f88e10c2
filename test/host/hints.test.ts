import { strict as assert } from 'node:assert';
import { after, afterEach, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { closeAll, pause, put, remove, showText, until } from './fixtures/workspace';

const code = `import * as tf from '@tensorflow/tfjs';

export const net = () =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2 }),
    ],
  });
`;

const setHints = (value: string | undefined): Thenable<void> =>
  vscode.workspace
    .getConfiguration('retort')
    .update('inlayHints', value, vscode.ConfigurationTarget.Workspace);

const hintsOf = async (document: vscode.TextDocument): Promise<string[]> => {
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  const hints = await vscode.commands.executeCommand<vscode.InlayHint[]>(
    'vscode.executeInlayHintProvider',
    document.uri,
    whole,
  );
  const ours = hints.filter(({ label }) => typeof label === 'string' && /×|parameters|^\d+$/.test(label));
  return ours.map(({ label, position }) => `${position.line}: ${String(label)}`);
};

const wanted = ['5: 6×6×4 · 40 parameters · 1.3 k MACs', '6: 144', '7: 2 · 290 parameters · 288 MACs'];

describe('inlay hints', () => {
  let file = '';
  before(() => {
    file = put('hints/net.ts', code);
  });
  afterEach(() => setHints(undefined));
  after(async () => {
    await closeAll();
    remove('hints');
  });

  it('need a profile: opening code runs nothing', async () => {
    const { document } = await showText(file);
    await pause(500);
    assert.deepEqual(await hintsOf(document), []);
  });

  it('stand behind the layers of open code with the setting, follow edits, and go with the setting', async () => {
    await setHints('always');
    const editor = await showText(file);
    const { document } = editor;
    const shown = await until(
      'the hints',
      async () => {
        const hints = await hintsOf(document);
        return hints.length > 0 ? hints : null;
      },
      60_000,
    );
    assert.deepEqual(shown, wanted);

    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), '// one line more\n'));
    assert.equal((await hintsOf(document))[0], `6${wanted[0]?.slice(1)}`);

    await editor.edit((edit) => {
      const line = document.lineAt(8);
      edit.replace(line.range, line.text.replace('units: 2', 'units: 5'));
    });
    assert.deepEqual(await hintsOf(document), [], 'nothing is said between two changes');
    await document.save();
    await until('the new width', async () =>
      (await hintsOf(document)).includes('8: 5 · 725 parameters · 720 MACs'),
    );

    await setHints('off');
    assert.deepEqual(await hintsOf(document), []);
  });
});
