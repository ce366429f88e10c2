import { describe, expect, it } from 'vitest';
import { MinibatchCka, unbiasedHsic } from '../../engine/adapters/similarity';
import { Random } from '../../engine/random';

type Rows = number[][];

const gram = (rows: Rows): Float64Array =>
  Float64Array.from(
    rows.flatMap((one) =>
      rows.map((other) => one.reduce((sum, value, at) => sum + value * (other[at] as number), 0)),
    ),
  );

const noise = (samples: number, features: number, name: string): Rows => {
  const random = new Random(name);
  return Array.from({ length: samples }, () => Array.from({ length: features }, () => random.normal()));
};

const cka = (one: Rows, other: Rows): number | null => {
  const measured = new MinibatchCka(1, 1);
  measured.add([gram(one)], [gram(other)], one.length);
  return measured.similarity()[0]?.[0] ?? null;
};

describe('unbiased HSIC', () => {
  it('equals its definition with U-centred matrices, and a value worked out by hand', () => {
    const line = gram([[0], [1], [2], [3]]);
    // Off the diagonal: 0 0 0 / 0 2 3 / 0 2 6 / 0 3 6; trace 98, row sums 0 5 8 9.
    expect(unbiasedHsic(line, line, 4)).toBeCloseTo((98 + (22 * 22) / 6 - (2 * 170) / 2) / 4, 12);
  });

  it('does not see an offset of the features', () => {
    const rows = noise(8, 5, 'offset');
    const moved = rows.map((row) => row.map((value, at) => value + 3 * at - 2));
    const other = gram(noise(8, 3, 'other'));
    expect(unbiasedHsic(gram(moved), other, 8)).toBeCloseTo(unbiasedHsic(gram(rows), other, 8), 10);
  });

  it('is about zero on average for independent features, where the biased estimate is not', () => {
    let sum = 0;
    for (let draw = 0; draw < 400; draw++)
      sum += unbiasedHsic(gram(noise(6, 4, `a${draw}`)), gram(noise(6, 4, `b${draw}`)), 6);
    expect(Math.abs(sum / 400)).toBeLessThan(0.15);
  });
});

describe('minibatch CKA', () => {
  const rows = noise(12, 4, 'rows');

  it('is 1 for a tap and itself', () => {
    expect(cka(rows, rows)).toBeCloseTo(1, 12);
  });

  it('does not see a rotation, nor one scale for all features', () => {
    const [cos, sin] = [Math.cos(0.7), Math.sin(0.7)];
    const turned = rows.map(([a = 0, b = 0, ...rest]) =>
      [cos * a - sin * b, sin * a + cos * b, ...rest].map((value) => 5 * value),
    );
    expect(cka(rows, turned)).toBeCloseTo(1, 12);
    const other = noise(12, 3, 'other');
    expect(cka(turned, other)).toBeCloseTo(cka(rows, other) as number, 12);
  });

  it('sees a scale of single features', () => {
    expect(
      cka(
        rows,
        rows.map(([a = 0, ...rest]) => [20 * a, ...rest]),
      ),
    ).toBeLessThan(0.9);
  });

  it('is low for independent features and higher for shared ones', () => {
    const [one, other] = [noise(64, 8, 'one'), noise(64, 8, 'two')];
    const shared = one.map((row, sample) => row.map((value, at) => value + (other[sample]?.[at] as number)));
    expect(cka(one, other)).toBeLessThan(0.2);
    expect(cka(one, shared)).toBeGreaterThan(0.3);
  });

  it('takes the mean of batches before the quotient', () => {
    const [first, second] = [noise(8, 3, 'first'), noise(8, 3, 'second')];
    const [a, b] = [noise(8, 5, 'a'), noise(8, 5, 'b')];
    const measured = new MinibatchCka(1, 1);
    measured.add([gram(first)], [gram(a)], 8);
    measured.add([gram(second)], [gram(b)], 8);
    const mean = (one: [Rows, Rows], other: [Rows, Rows]) =>
      unbiasedHsic(gram(one[0]), gram(other[0]), 8) + unbiasedHsic(gram(one[1]), gram(other[1]), 8);
    const expected =
      mean([first, second], [a, b]) /
      Math.sqrt(mean([first, second], [first, second]) * mean([a, b], [a, b]));
    expect(measured.similarity()[0]?.[0]).toBeCloseTo(Math.max(0, expected), 12);
  });

  it('has no value for a tap that does not vary', () => {
    expect(
      cka(
        rows,
        rows.map(() => [1, 2]),
      ),
    ).toBeNull();
  });
});
