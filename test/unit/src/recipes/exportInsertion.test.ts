import { describe, expect, it } from 'vitest';
import { findModels } from '../../../../src/models/modelFinder';
import { exportInsertion } from '../../../../src/recipes/exportInsertion';

const insert = (document: string, language: 'typescript' | 'javascript') => {
  const [definition] = findModels(document, language);
  if (!definition) throw new Error('No model.');
  const { line, column, text } = exportInsertion(document, definition);
  const lines = document.split('\n');
  const at = lines[line] ?? '';
  lines[line] = at.slice(0, column) + text + at.slice(column);
  return { exportBy: definition.exportBy, after: lines.join('\n') };
};

describe('exportInsertion', () => {
  it.each([
    ['typescript', `import * as tf from '@tensorflow/tfjs';\nconst net = tf.sequential();\n`, 'export'],
    [
      'javascript',
      `import * as tf from '@tensorflow/tfjs';\nasync function net() { return tf.model({}); }`,
      'export',
    ],
    [
      'javascript',
      `const tf = require('@tensorflow/tfjs');\nconst net = () => tf.sequential();\n`,
      'exports',
    ],
    [
      'javascript',
      `const tf = require('@tensorflow/tfjs');\nfunction net() { return tf.model({}); }`,
      'exports',
    ],
  ] as const)('gives out what %s keeps to itself', (language, document, exportBy) => {
    const result = insert(document, language);
    expect(result.exportBy).toBe(exportBy);
    expect(findModels(result.after, language)).toMatchObject([{ name: 'net', exportName: 'net' }]);
  });

  it('is not offered where neither a word nor a line would do', () => {
    const inside = `import * as tf from '@tensorflow/tfjs';\nfunction main() { const net = tf.sequential(); net.fit(); }`;
    expect(findModels(inside, 'typescript')).toMatchObject([
      { name: 'net', exportName: null, exportBy: null },
    ]);
    const given = `import * as tf from '@tensorflow/tfjs';\nexport const net = tf.sequential();`;
    expect(findModels(given, 'typescript')).toMatchObject([{ exportBy: null }]);
  });
});
