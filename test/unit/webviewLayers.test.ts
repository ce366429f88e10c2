import { describe, expect, it } from 'vitest';
import type { MethodInfo } from '../../engine/contract/model';
import type { LossDraft } from '../../engine/contract/pages';
import type { Pair } from '../../engine/contract/recipe';
import { alignRows } from '../../webview/layers/alignment';
import { partsFor } from '../../webview/layers/columns';
import {
  type DraftFacts,
  addPair,
  draftOf,
  pairKey,
  problemOf,
  recipeLosses,
  removePair,
  setAdapter,
  setMethod,
  setUse,
  takenPairs,
  withProposal,
} from '../../webview/layers/draft';
import { layOut, nearestLine, nextLine } from '../../webview/layers/lattice';
import { type LayerCost, type LayerRow, layerCosts, layerRows, tapOf } from '../../webview/layers/layerRows';
import { formatCost, formatMilliseconds, formatRatio } from '../../webview/layers/metrics';
import { networksOf } from '../../webview/layers/networks';
import { fittingKinds } from '../../webview/layers/offers';
import { curvePath, labelPlaces } from '../../webview/layers/pairCurves';
import { bandsOf, stageWords, stagesOf } from '../../webview/layers/stages';
import { knownNetworks } from '../webview/layers';

const layer = (name: string, kind: string, shape: number[], macs = 0): LayerCost => ({
  name,
  kind,
  shape,
  parameters: macs,
  macs,
  activation: 4,
  latency: null,
  spread: null,
  receptiveField: null,
  isTap: true,
  code: null,
});
const rowsOf = (...layers: LayerCost[]): LayerRow[] => layers.map((one) => ({ layers: [one] }));
const conv = (name: string, side: number, channels = 8): LayerCost =>
  layer(name, 'Conv2D', [side, side, channels], 100);
const relu = (name: string, side: number, channels = 8): LayerCost =>
  layer(name, 'ReLU', [side, side, channels]);
const words = (rows: readonly LayerRow[], input = 32): string[] =>
  stagesOf(rows, input).map(
    (stage) => `${stageWords(stage)}: ${stage.rows.map((row) => row.layers[0].name)}`,
  );

describe('layers', () => {
  it('folds what only follows, and nothing that changes the shape or counts', () => {
    const layers = [
      layer('input', 'InputLayer', [32, 32, 3]),
      conv('c1', 32),
      layer('n1', 'BatchNormalization', [32, 32, 8]),
      relu('r1', 32),
      layer('p1', 'MaxPooling2D', [16, 16, 8]),
      layer('a1', 'Add', [16, 16, 8]),
      relu('r2', 16),
    ];
    const folded = layerRows(layers, true).map((row) => row.layers.map(({ name }) => name).join('+'));
    expect(folded).toEqual(['input', 'c1+n1+r1', 'p1', 'a1+r2']);
    expect(layerRows(layers, false)).toHaveLength(layers.length);
  });

  it('takes the last tap of a line for a pair', () => {
    const [row] = layerRows([conv('c', 8), { ...relu('r', 8), isTap: false }], true);
    expect(row && tapOf(row)?.name).toBe('c');
  });

  it('counts before anything is measured', () => {
    const { subject, comparison } = knownNetworks('shapes');
    const counted = layerCosts(subject.student, null);
    const measured = layerCosts(subject.student, comparison.student);
    expect(counted.map(({ activation }) => activation)).toEqual(measured.map(({ activation }) => activation));
    expect(counted.every(({ latency }) => latency === null)).toBe(true);
    expect(measured.some(({ latency }) => latency !== null)).toBe(true);
  });
});

describe('stages', () => {
  it('end where the resolution changes by more than an unpadded kernel', () => {
    const rows = rowsOf(
      conv('a', 28),
      conv('b', 26),
      conv('c', 24),
      conv('d', 12),
      layer('e', 'Dense', [10], 5),
    );
    expect(words(rows, 28)).toEqual(['28 × 28 → 24 × 24: a,b,c', '12 × 12: d', 'vectors: e']);
  });

  it('keep squeeze-and-excite inside, and a narrow waist apart', () => {
    const squeeze = [layer('g', 'GlobalAveragePooling2D', [8]), layer('f', 'Dense', [8], 64)];
    expect(words(rowsOf(conv('a', 32), ...squeeze, layer('m', 'Multiply', [32, 32, 8])))).toEqual([
      '32 × 32: a,g,f,m',
    ]);
    expect(words(rowsOf(conv('a', 32), conv('b', 16), conv('c', 32)))).toEqual([
      '32 × 32: a',
      '16 × 16: b',
      '32 × 32: c',
    ]);
  });

  it('lie beside those of the same share of the input, whatever its size', () => {
    const teacher = stagesOf(rowsOf(conv('a', 64), conv('b', 32), conv('c', 16), conv('d', 8)), 64);
    const student = stagesOf(rowsOf(conv('x', 32), conv('y', 8), layer('z', 'Dense', [4], 1)), 32);
    const bands = bandsOf(teacher, student).map(({ teacher, student }) =>
      [teacher, student].map((stage) => stage?.rows[0]?.layers[0].name ?? '-').join(' '),
    );
    expect(bands).toEqual(['a x', 'b -', 'c y', 'd -', '- z']);
  });
});

describe('alignment', () => {
  it('gives every row of the shorter side one of the longer, in order', () => {
    const long = rowsOf(...Array.from({ length: 12 }, (_, at) => conv(`t${at}`, 8)));
    const short = rowsOf(...Array.from({ length: 5 }, (_, at) => conv(`s${at}`, 8)));
    for (const aligned of [alignRows(long, short), alignRows(short, long)]) {
      expect(aligned).toHaveLength(12);
      const names = aligned.flatMap((row) => (row.teacher && row.student ? [row.teacher, row.student] : []));
      expect(names).toHaveLength(10);
    }
    const order = alignRows(long, short).flatMap(({ student }) => student?.layers[0].name ?? []);
    expect(order).toEqual(['s0', 's1', 's2', 's3', 's4']);
  });

  it('puts like beside like, the first work beside the first and the end beside the end', () => {
    const teacher = rowsOf(
      conv('c1', 8),
      relu('r1', 8),
      conv('c2', 8),
      relu('r2', 8),
      conv('c3', 8),
      relu('r3', 8),
    );
    const student = rowsOf(conv('k1', 8), relu('e1', 8));
    const pairs = alignRows(teacher, student).flatMap((row) =>
      row.student ? [`${row.teacher?.layers[0].name} ${row.student.layers[0].name}`] : [],
    );
    expect(pairs).toEqual(['c1 k1', 'r3 e1']);
    const same = alignRows(teacher, teacher);
    expect(same.every((row) => row.teacher === row.student)).toBe(true);
  });

  it('stays quick for a thousand layers', () => {
    const rows = rowsOf(...Array.from({ length: 1000 }, (_, at) => conv(`t${at}`, 8)));
    const begin = performance.now();
    alignRows(rows, rows.slice(0, 400));
    expect(performance.now() - begin).toBeLessThan(3000);
  });
});

describe('lattice', () => {
  const { subject, comparison } = knownNetworks('shapes');
  const { bands } = networksOf(subject, comparison, false);
  const all = layOut(bands, { collapsed: new Set(), filter: '' });

  it('knows the line of every layer; a closed stage stands for its layers', () => {
    for (const { name } of subject.teacher?.layers ?? [])
      expect(all.lineOf.teacher.get(name)?.kind).toBe('layers');
    const closed = layOut(bands, { collapsed: new Set([1]), filter: '' });
    expect(closed.lineOf.student.get('conv2')?.kind).toBe('stage');
    expect(closed.height).toBeLessThan(all.height);
    const heights = all.lines.map(({ y }) => y);
    expect(heights).toEqual([...heights].sort((one, other) => one - other));
  });

  it('keeps the lines that hold all words of a filter, in either network', () => {
    const found = layOut(bands, { collapsed: new Set([0]), filter: 'RELU 3' });
    expect(found.lines.filter(({ kind }) => kind === 'layers')).toHaveLength(2);
    expect(layOut(bands, { collapsed: new Set(), filter: 'nothing such' }).lines).toEqual([]);
  });

  it('walks over gaps', () => {
    const at = all.lines.indexOf(all.lineOf.student.get('conv2') ?? (all.lines[0] as never));
    const next = nextLine(all, 'student', at, 1);
    expect(next !== null && all.lines[next]).toBe(all.lineOf.student.get('norm2'));
    expect((next ?? 0) - at).toBeGreaterThan(1);
    expect(nextLine(all, 'student', all.lines.length - 1, 1)).toBeNull();
    expect(nearestLine(all, 'student', at + 1)).toBe(at);
  });
});

describe('columns and figures', () => {
  it('show the chosen metric first, then what there is room for', () => {
    expect(partsFor(200, 'latency')).toEqual(['latency']);
    expect(partsFor(310, 'macs')).toEqual(['macs', 'shape']);
    expect(partsFor(900, 'macs')).toHaveLength(6);
  });

  it('read as people write them', () => {
    expect([0, 0.0123, 1.234, 45.67, 2100].map(formatMilliseconds)).toEqual([
      '0',
      '0.012 ms',
      '1.23 ms',
      '45.7 ms',
      '2.10 s',
    ]);
    expect(formatCost(null, 'latency')).toBe('–');
    expect(formatCost(2360000, 'macs')).toBe('2.36 M');
    expect([0.0355, 0.5, 0, null].map(formatRatio)).toEqual(['28.2×', '2.00×', '–', '–']);
  });
});

describe('curves', () => {
  it('start and end level', () => {
    expect(curvePath({ from: 10, to: 50 }, 100, 0)).toBe('M0 10C45 10 55 50 100 50');
  });

  it('keep their labels apart, and where they want to be if they can', () => {
    const at = (...middles: number[]) => middles.map((y) => ({ from: y, to: y }));
    expect(labelPlaces(at(10, 100), 18)).toEqual([10, 100]);
    expect(labelPlaces(at(50, 50, 50), 18)).toEqual([32, 50, 68]);
    const places = labelPlaces(at(40, 10, 44, 48, 47), 18).sort((one, other) => one - other);
    for (const [index, place] of places.entries())
      if (index > 0) expect(place - (places[index - 1] ?? 0)).toBeGreaterThanOrEqual(18 - 1e-9);
  });
});

describe('adapters of a pair that nobody measured', () => {
  it('are those that its shapes allow', () => {
    const kinds = (teacher: number[], student: number[]) => fittingKinds({ teacher, student });
    expect(kinds([8, 8, 64], [8, 8, 24])).toEqual(['conv1x1', 'conv1x1-bn', 'conv1x1-bn-relu', 'conv3x3']);
    expect(kinds([8, 8, 64], [8, 8, 64])[0]).toBe('none');
    expect(kinds([8, 8, 64], [16, 16, 24])).toContain('conv3x3-stride2');
    expect(kinds([16, 16, 24], [8, 8, 24])).toEqual(expect.arrayContaining(['resize', 'conv4x4-transposed']));
    expect(kinds([10], [6])).toEqual(['linear', 'mlp']);
    expect(kinds([10], [8, 8, 6])).toEqual([]);
  });
});

describe('draft of a recipe', () => {
  const known = knownNetworks('shapes');
  const { proposal } = known.proposal;
  const taken = takenPairs(known.proposal);
  const methods: readonly MethodInfo[] = known.subject.methods;
  const order = known.subject.student.layers.map(({ name }) => name);
  const facts: DraftFacts = { methods, taken, depthOf: ({ student }: Pair) => order.indexOf(student) };
  const proposed = withProposal(draftOf([]), proposal, taken);
  const pairsOfMethod = (losses: readonly LossDraft[], method: string) =>
    losses.find((loss) => loss.method === method)?.pairs?.map(pairKey);

  it('starts from what was proposed, with a method that takes most of it', () => {
    expect(proposed.pairs).toHaveLength(proposal.pairs.length);
    expect(proposed.losses.map(({ method }) => method)).toEqual(['task', 'kd', 'at']);
    expect(pairsOfMethod(recipeLosses(proposed, facts), 'at')).toEqual(proposal.pairs.map(pairKey));
    expect(problemOf(proposed, facts)).toBeNull();
  });

  it('leaves a method its own choice of pairs until the user makes one', () => {
    const more = setMethod(proposed, 'cwd', true);
    expect(pairsOfMethod(recipeLosses(more, facts), 'cwd')).toEqual([pairKey(proposal.pairs.at(-1) as Pair)]);
    const all = setUse(more, 3, proposed.pairs[0] as Pair, true, facts);
    expect(pairsOfMethod(recipeLosses(all, facts), 'cwd')).toHaveLength(2);
    expect(pairsOfMethod(recipeLosses(all, facts), 'cwd')?.[0]).toBe(pairKey(proposed.pairs[0] as Pair));
  });

  it('adds a pair in its depth to all that match layers, and takes it away again', () => {
    const made = addPair(proposed, { teacher: 'norm2', student: 'norm2', adapter: 'auto' }, facts);
    expect(made.pairs.map(({ student }) => student)).toEqual(['relu1', 'norm2', 'relu2', 'relu3']);
    expect(pairsOfMethod(made.losses, 'at')).toContain('norm2 ↔ norm2');
    const gone = removePair(made, 'norm2 ↔ norm2', facts);
    expect(gone.pairs).toEqual(proposed.pairs);
    expect(recipeLosses(gone, facts)).toEqual(recipeLosses(proposed, facts));
  });

  it('writes adapters only for methods that use them', () => {
    const both = setMethod(proposed, 'fitnets', true);
    const key = pairKey(both.pairs[1] as Pair);
    const changed = recipeLosses(setAdapter(both, key, { adapter: 'conv3x3' }, taken), facts);
    const adapterOf = (method: string) =>
      changed.find((loss) => loss.method === method)?.pairs?.find((pair) => pairKey(pair) === key)?.adapter;
    expect(adapterOf('fitnets')).toBe('conv3x3');
    expect(adapterOf('at')).toBe('auto');
  });

  it('says why it cannot be written', () => {
    const none = proposed.losses.reduce((draft, { method }) => setMethod(draft, method, false), proposed);
    expect(problemOf(none, facts)).toBe('Choose at least one method.');
    const bare = proposed.pairs.reduce((draft, pair) => removePair(draft, pairKey(pair), facts), proposed);
    expect(problemOf(bare, facts)).toContain('takes no pair');
  });

  it('is the recipe’s where there is one', () => {
    const pair: Pair = { teacher: 'relu5', student: 'relu3', adapter: 'conv1x1' };
    const losses: LossDraft[] = [{ method: 'cwd', weight: 0.2, pairs: [pair], index: 0 }];
    expect(withProposal(draftOf(losses), proposal, taken)).toEqual({
      pairs: [pair],
      losses,
      isChanged: false,
    });
  });
});
