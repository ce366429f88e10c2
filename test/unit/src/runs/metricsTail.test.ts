import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { MetricsTail } from '../../../../src/runs/metricsTail';
import { makePoint } from '../../../host/fixtures/writeRun';

const folder = mkdtempSync(join(tmpdir(), 'retort-tail-'));
const file = join(folder, 'metrics.jsonl');
const line = (step: number): string => `${JSON.stringify(makePoint(step))}\n`;
const steps = (tail: MetricsTail): number[] => tail.points.map((point) => point.step);
beforeEach(() => rmSync(file, { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

it('gives nothing for a file that is not there yet, then what is added', async () => {
  const tail = new MetricsTail(file);
  expect(await tail.read()).toBe(0);
  writeFileSync(file, line(1) + line(2));
  await tail.read();
  expect(steps(tail)).toEqual([1, 2]);
  appendFileSync(file, line(3));
  expect(await tail.read()).toBe(2);
  expect(steps(tail)).toEqual([1, 2, 3]);
});

it('waits for the end of a half-written line, even one cut within a character', async () => {
  const whole = Buffer.from(`${JSON.stringify({ ...makePoint(2), stage: 'größe' })}\n`);
  const cut = whole.indexOf(0xc3) + 1;
  writeFileSync(file, line(1));
  const tail = new MetricsTail(file);
  appendFileSync(file, whole.subarray(0, cut));
  await tail.read();
  expect(steps(tail)).toEqual([1]);
  appendFileSync(file, whole.subarray(cut));
  await tail.read();
  expect(tail.points[1]?.stage).toBe('größe');
});

it('reads anew after a resumed run has dropped points', async () => {
  writeFileSync(file, line(1) + line(2) + line(3));
  const tail = new MetricsTail(file);
  await tail.read();
  writeFileSync(`${file}.tmp`, line(1) + line(7) + line(8) + line(9));
  renameSync(`${file}.tmp`, file);
  expect(await tail.read()).toBe(0);
  expect(steps(tail)).toEqual([1, 7, 8, 9]);
});

it('leaves out a torn line and goes on', async () => {
  writeFileSync(file, `${line(1)}{"stage": "stud\n${line(2)}`);
  const tail = new MetricsTail(file);
  await tail.read();
  expect(steps(tail)).toEqual([1, 2]);
});

it('reads a file larger than one slice, once, when asked twice at a time', async () => {
  const count = 20_000;
  writeFileSync(file, Array.from({ length: count }, (_, index) => line(index + 1)).join(''));
  const tail = new MetricsTail(file);
  expect(await Promise.all([tail.read(), tail.read()])).toEqual([0, count]);
  expect(tail.points.length).toBe(count);
  expect(tail.points.at(-1)?.step).toBe(count);
});
