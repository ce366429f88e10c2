import { expect, it } from 'vitest';
import { metricsCsv, parseMetrics } from '../../engine/contract/metrics';
import type { MetricPoint } from '../../engine/contract/run';

const first: MetricPoint = {
  stage: 'student',
  split: 'train',
  epoch: 1,
  step: 10,
  values: { loss: 2.25, 'loss/kd': 1 },
};
const second: MetricPoint = {
  stage: 'student',
  split: 'validation',
  epoch: 1,
  step: 20,
  values: { acc: 0.5 },
};
const lines = (...points: MetricPoint[]) => points.map((point) => `${JSON.stringify(point)}\n`).join('');

it('reads whole points back', () => {
  expect(parseMetrics(lines(first, second))).toEqual([first, second]);
});

it('leaves out a last line that is half written, wherever it was cut', () => {
  const text = lines(first, second);
  const start = lines(first).length;
  for (let end = start; end < text.length - 1; end++) {
    expect(parseMetrics(text.slice(0, end))).toEqual([first]);
  }
});

it('leaves out a torn line that a resumed run wrote on after', () => {
  expect(parseMetrics(`{"stage":"stu${lines(first)}${lines(second)}`)).toEqual([second]);
});

it.each(['null', '3', '"x"', '{}', '{"stage":"student","step":1,"epoch":1,"split":"other","values":{}}'])(
  'takes no %s for a point',
  (line) => {
    expect(parseMetrics(`${line}\n${lines(first)}`)).toEqual([first]);
  },
);

it('reads a value written as null as not a number', () => {
  const [point] = parseMetrics(lines({ ...first, values: { loss: NaN } }));
  expect(point?.values['loss']).toBeNaN();
});

it('writes one column a name, empty where a point has no such value', () => {
  expect(metricsCsv([first, second])).toBe(
    'stage,split,epoch,step,loss,loss/kd,acc\nstudent,train,1,10,2.25,1,\nstudent,validation,1,20,,,0.5\n',
  );
});

it('quotes names that would break a row, and says NaN', () => {
  const odd = { ...first, values: { 'loss/"a",b': NaN } };
  expect(metricsCsv([odd])).toBe('stage,split,epoch,step,"loss/""a"",b"\nstudent,train,1,10,NaN\n');
});
