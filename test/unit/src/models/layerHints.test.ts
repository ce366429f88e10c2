import { describe, expect, it } from 'vitest';
import type { LayerInfo, ModelInfo } from '../../../../engine/contract/model';
import type { LayerProfile } from '../../../../engine/contract/profile';
import { layerHints, movedLine, type HintedModel } from '../../../../src/models/layerHints';
import { formatBytes, formatCount, formatPercent } from '../../../../src/quantity';

const layer = (name: string, line: number, rest: Partial<LayerInfo> = {}): LayerInfo => ({
  name,
  kind: 'Conv2D',
  shape: [8, 8, 4],
  parameters: 1234,
  macs: 78_976,
  location: { file: '/p/net.ts', line, column: 2, endLine: line },
  ...rest,
});

const lines = ['import', 'const a', 'const b', 'const c', 'export'];

const model = (layers: LayerInfo[], rest: Partial<ModelInfo> = {}): HintedModel => ({
  info: {
    reference: '/p/net.ts#net',
    name: 'net',
    format: 'code',
    inputShape: [8, 8, 1],
    outputShape: [2],
    softmaxRemoved: false,
    parameters: 0,
    macs: 0,
    layers,
    taps: [],
    ...rest,
  },
  costs: null,
  lines,
});

const cost = (share: number): LayerProfile => ({
  ...{ name: 'x', kind: 'Conv2D', shape: [8, 8, 4], parameters: 1234, macs: 78_976 },
  activationBytes: 1024,
  latency: { median: 0.5, spread: 0.1 },
  share,
  receptiveField: 7,
});

describe('a hint', () => {
  it('says shape, parameters and multiply-accumulates where a definition ends, and leaves out what is none', () => {
    const tall = layer('tall', 1, { location: { file: '/p/net.ts', line: 1, column: 0, endLine: 2 } });
    const act = layer('act', 3, { kind: 'ReLU', parameters: 0, macs: 0, shape: [-1, 4] });
    const hints = layerHints([model([tall, act])], '/p/./net.ts', lines);
    expect(hints.map(({ line, label }) => [line, label])).toEqual([
      [2, '8×8×4 · 1.23 k parameters · 79 k MACs'],
      [3, '?×4'],
    ]);
    expect(layerHints([model([tall])], '/p/other.ts', lines)).toEqual([]);
  });

  it('adds the share of the time where it was measured, and the details in a table', () => {
    const measured = { ...model([layer('a_1', 1)]), costs: [cost(0.123)] };
    const [hint] = layerHints([measured], '/p/net.ts', lines);
    expect(hint?.label).toBe('8×8×4 · 1.23 k parameters · 79 k MACs · 12 % of the time');
    expect(hint?.details.split('\n').at(-1)).toBe(
      '| a\\_1 | Conv2D | 8×8×4 | 1,234 | 78,976 | 1.02 kB | 0.50 ± 0.10 ms | 7 px |',
    );
  });

  it('sums up the layers of a line in a loop', () => {
    const looped = { ...model([layer('a', 1), layer('b', 1)]), costs: [cost(0.2), cost(0.1)] };
    const [hint, ...others] = layerHints([looped], '/p/net.ts', lines);
    expect(others).toEqual([]);
    expect(hint?.label).toBe('2 layers · 2.47 k parameters · 158 k MACs · 30 % of the time');
    expect(hint?.details.split('\n').filter((row) => row.includes('Conv2D'))).toHaveLength(2);
  });

  it('is not given for inputs, names what is not counted, and is the last model’s where two share a line', () => {
    const input = layer('input', 0, { kind: 'InputLayer' });
    const own = layer('own', 1, { macs: 0 });
    const first = model([input, own], { uncounted: ['own/inner'] });
    expect(layerHints([first], '/p/net.ts', lines).map(({ label }) => label)).toEqual([
      '8×8×4 · 1.23 k parameters · MACs unknown',
    ]);
    const second = model([layer('wide', 1, { shape: [16] })]);
    expect(layerHints([first, second], '/p/net.ts', lines)[0]?.label).toMatch(/^16 /);
  });
});

describe('a line of text that is edited', () => {
  it.each<[string, string[], number | null]>([
    ['stays before a change', ['import', 'const a', 'const b', 'x', 'y'], 2],
    ['moves with what is put in or taken out before it', ['new', 'new', ...lines], 4],
    ['moves up', ['const b', 'const c', 'export'], 0],
    ['is given up where it changed itself', ['import', 'const a', 'const bb', 'const c', 'export'], null],
  ])('%s', (_, after, line) => {
    expect(movedLine(lines, after, 2, 2)).toBe(line);
  });

  it('keeps definitions of several lines only whole', () => {
    expect(movedLine(lines, ['import', 'const a', 'const b', 'changed', 'export'], 2, 3)).toBeNull();
    expect(movedLine(lines, ['one more', ...lines], 2, 3)).toBe(4);
  });
});

it('counts are said with three digits and a unit', () => {
  expect([0, 7, 999, 1000, 1234, 999_999, 12_501_632].map(formatCount)).toEqual([
    ...['0', '7', '999', '1 k', '1.23 k', '1 M', '12.5 M'],
  ]);
  expect([12, 4_900_000].map(formatBytes)).toEqual(['12 B', '4.9 MB']);
  expect([0, 0.0001, 0.004, 0.123, 1].map(formatPercent)).toEqual(['0 %', '0.1 %', '0.4 %', '12 %', '100 %']);
});
