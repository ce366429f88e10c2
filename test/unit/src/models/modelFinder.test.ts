import { describe, expect, it } from 'vitest';
import { findModels } from '../../../../src/models/modelFinder';
import { languageOf, type CodeLanguage } from '../../../../src/models/syntax';

const star = `import * as tf from '@tensorflow/tfjs';\n`;
const found = (text: string, language: CodeLanguage = 'typescript'): string[] =>
  findModels(text, language).map((one) => `${one.line}:${one.kind} ${one.name} -> ${one.exportName}`);

describe('models that are found', () => {
  const cases: [string, string, string[]][] = [
    ['an exported constant', `export const net = tf.sequential({ layers: [] });`, ['1:value net -> net']],
    [
      'an exported arrow function',
      `export const make = (k: number) => tf.model({ inputs: k });`,
      ['1:function make -> make'],
    ],
    [
      'a function that returns its variable',
      `export function makeStudent(): tf.LayersModel {\n  const net = tf.sequential();\n  net.add(tf.layers.flatten());\n  return net;\n}`,
      ['1:function makeStudent -> makeStudent'],
    ],
    [
      'an async default export',
      `export default async function () { return await tf.model({}); }`,
      ['1:function default -> default'],
    ],
    [
      'a named default export',
      `const net = tf.sequential();\nexport default net;`,
      ['1:value net -> default'],
    ],
    ['a nameless default export', `export default tf.sequential();`, ['1:value default -> default']],
    [
      'a renamed export',
      `const net = tf.sequential();\nexport { net as student };`,
      ['1:value net -> student'],
    ],
    [
      'a class',
      `export class Nets { build() { return tf.sequential(); }\n  net = tf.model({}); }`,
      ['1:function Nets.build -> Nets.build', '2:value Nets.net -> Nets.net'],
    ],
    [
      'a class that holds its model, under another name',
      `class Net { constructor() { this.model = tf.sequential(); } }\nmodule.exports = { Student: Net };`,
      ['1:value Net.model -> Student.model'],
    ],
    [
      'a class that is not given out, and private parts',
      `class Net { static build() { return tf.sequential(); } }\nexport default class { #make() { return tf.sequential(); } }`,
      ['1:function Net.build -> null'],
    ],
    ['a cast', `export const net = (tf.sequential() as tf.LayersModel)!;`, ['1:value net -> net']],
    ['a conditional', `export const net = flag ? tf.sequential() : tf.model({});`, ['1:value net -> net']],
    [
      'a function expression',
      `export const make = function () { const a = tf.sequential(); return a as tf.Sequential; };`,
      ['1:function make -> make'],
    ],
    [
      'a variable assigned later',
      `let net;\nnet = tf.sequential();\nexport { net };`,
      ['2:value net -> net'],
    ],
    [
      'a script’s own variable',
      `async function main() {\n  const net = tf.sequential();\n  await net.fit(x, y);\n}`,
      ['2:value net -> null'],
    ],
    [
      'constructors called with new',
      `export const net = new tf.Sequential({ layers: [] });`,
      ['1:value net -> net'],
    ],
    [
      'two on one line',
      `export const a = tf.sequential(), b = tf.model({});`,
      ['1:value a -> a', '1:value b -> b'],
    ],
    ['a broken text around it', `export const net = tf.sequential({ layers: [ }\n`, ['1:value net -> net']],
    [
      'a part of another model only once',
      `export const net = tf.sequential({ layers: [tf.sequential()] });`,
      ['1:value net -> net'],
    ],
    [
      'a block within a maker only once',
      `export function make() {\n const block = tf.sequential();\n const net = tf.sequential();\n net.add(block);\n return net;\n}`,
      ['1:function make -> make'],
    ],
  ];
  it.each(cases)('%s', (_, text, expected) => expect(found(star + text)).toEqual(expected));

  const imports: [string, CodeLanguage, string][] = [
    [
      `import { sequential } from '@tensorflow/tfjs-layers'; export const n = sequential();`,
      'typescript',
      'n',
    ],
    [
      `import { model as build } from "@tensorflow/tfjs-node"; export const n = build({});`,
      'javascript',
      'n',
    ],
    [`import tf from '@tensorflow/tfjs-node-gpu'; export const n = tf.sequential();`, 'javascript', 'n'],
    [`import tf = require('@tensorflow/tfjs'); export const n = tf.sequential();`, 'typescript', 'n'],
    [`const tf = require('@tensorflow/tfjs'); exports.n = tf.sequential();`, 'javascript', 'n'],
    [
      `const { sequential: s } = require('@tensorflow/tfjs'); module.exports = { n: s() };`,
      'javascript',
      'n',
    ],
    [
      `const tf = require('@tensorflow/tfjs'); function n() { return tf.model({}); } module.exports = { n };`,
      'javascript',
      'n',
    ],
    [
      `const tf = require('@tensorflow/tfjs'); const n = () => tf.sequential(); module.exports = n;`,
      'javascript',
      'default',
    ],
    [`const tf = await import('@tensorflow/tfjs'); export const n = tf.sequential();`, 'typescript', 'n'],
    [
      `import * as tf from '@tensorflow/tfjs'; const { sequential } = tf; export const n = sequential();`,
      'typescript',
      'n',
    ],
    [
      `import * as tf from '@tensorflow/tfjs'; export const n = () => tf.sequential(); const v = <b>hi</b>;`,
      'javascriptreact',
      'n',
    ],
    [
      `import * as tf from '@tensorflow/tfjs'; export const n = <tf.LayersModel>tf.sequential();`,
      'typescript',
      'n',
    ],
  ];
  it.each(imports)('%s', (text, language, exportName) => {
    expect(findModels(text, language).map((one) => one.exportName)).toEqual([exportName]);
  });
});

describe('near misses', () => {
  const misses: [string, string][] = [
    ['no import', `export const net = tf.sequential();`],
    ['another package', `import * as tf from 'tensorflow-x'; export const net = tf.sequential();`],
    ['tfjs-vis', `import * as tf from '@tensorflow/tfjs-vis'; export const net = tf.model({});`],
    [
      'a longer name',
      `import * as tf from '@tensorflow/tfjs-layers-extra'; export const net = tf.sequential();`,
    ],
    ['a comment', `${star}// export const net = tf.sequential();\n/* tf.model({}) */`],
    ['a string', `${star}export const text = "const net = tf.sequential()"; const t = \`tf.model()\`;`],
    ['a type import', `import type * as tf from '@tensorflow/tfjs'; export const net = tf.sequential();`],
    [
      'a type in a group',
      `import { type sequential } from '@tensorflow/tfjs'; export const net = sequential();`,
    ],
    ['a parameter of that name', `${star}export const make = (tf: Other) => tf.sequential();`],
    ['a shadowing constant', `${star}export function make() { const tf = other(); return tf.sequential(); }`],
    ['a hoisted var', `${star}export function make() { if (a) { var tf = b; } return tf.sequential(); }`],
    ['a caught error', `${star}try { a(); } catch (tf) { exports.net = tf.sequential(); }`],
    [
      'a destructured parameter',
      `${star}export const make = ({ tf }) => { const net = tf.sequential(); return net; };`,
    ],
    ['a pick of another object', `${star}const { sequential } = other; export const net = sequential();`],
    ['another member', `${star}export const net = tf.loadLayersModel('file://a'); const m = tf.models;`],
    ['a longer path', `${star}export const net = my.tf.sequential();`],
    ['a mention without a call', `${star}export const make = tf.sequential;`],
    [
      'a name of the user’s own',
      `${star}function sequential() { return 1; } export const net = sequential();`,
    ],
    ['a call that nothing keeps', `${star}print(tf.sequential());`],
  ];
  it.each(misses)('%s', (_, text) => expect(found(text)).toEqual([]));
});

it('gives the whole declaration, zero-based', () => {
  const [one] = findModels(
    `${star}\n  export const net = tf.sequential({\n    layers: [],\n  });\n`,
    'typescript',
  );
  expect(one).toMatchObject({ line: 2, column: 2, endLine: 4 });
});

it('knows languages by the file’s ending', () => {
  expect(['a.ts', 'b.MJS', 'c.jsx', 'd.json', 'e'].map(languageOf)).toEqual([
    'typescript',
    'javascript',
    'javascriptreact',
    null,
    null,
  ]);
});
