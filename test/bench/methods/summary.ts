import { mainMetric } from '../../../engine/contract/measures';
import type { Task } from '../../../engine/contract/recipe';
import type { Result } from './orders';
import type { Row } from './rows';

export interface Spread {
  mean: number;
  /** Of a sample; NaN of one value. */
  deviation: number;
}

export type Verdict = 'better' | 'equal' | 'worse' | 'failed';

/** One line of the table, in numbers. */
export interface Line {
  id: string;
  method: string;
  task: Task;
  seeds: number;
  student: Spread;
  control: Spread;
  /** In the metric's direction: positive is better. Student minus control, seed by seed. */
  gain: Spread;
  /** `equal`: the mean gain is within one deviation of zero. */
  verdict: Verdict;
  step: number;
  controlStep: number;
  trained: number;
  remembered: number;
  share: number | null;
  warnings: string[];
  failure: string | null;
  reading: string | null;
}

/** Metrics of which a smaller value is better. */
const falling: ReadonlySet<string> = new Set(['mae', 'rmse', 'loss']);

export const spreadOf = (values: readonly number[]): Spread => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
};

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;

const verdictOf = (gain: Spread): Verdict => {
  if (!Number.isFinite(gain.mean)) return 'failed';
  if (Math.abs(gain.mean) <= (Number.isFinite(gain.deviation) ? gain.deviation : 0)) return 'equal';
  return gain.mean > 0 ? 'better' : 'worse';
};

/** A row's results against the control's of the same seeds; null where neither has been trained. */
export const lineOf = (row: Row, results: readonly Result[]): Line | null => {
  const own = results.filter(({ row: id, task }) => id === row.id && task === row.task);
  if (own.length === 0) return null;
  const metric = mainMetric[row.task];
  const direction = falling.has(metric) ? -1 : 1;
  const controls = results.filter(
    ({ row: id, task, failure }) => id === 'control' && task === row.task && !failure,
  );
  const pairs = own.flatMap((result) => {
    const control = controls.find(({ seed }) => seed === result.seed);
    return control && result.failure === null ? [{ result, control }] : [];
  });
  const value = ({ metrics }: Result): number => metrics[metric] ?? NaN;
  const gain = spreadOf(pairs.map(({ result, control }) => direction * (value(result) - value(control))));
  const failure = own.find((one) => one.failure !== null)?.failure ?? null;
  return {
    id: row.id,
    method: row.method,
    task: row.task,
    seeds: pairs.length,
    student: spreadOf(pairs.map(({ result }) => value(result))),
    control: spreadOf(pairs.map(({ control }) => value(control))),
    gain,
    verdict: verdictOf(gain),
    step: median(pairs.map(({ result }) => result.step)),
    controlStep: median(pairs.map(({ control }) => control.step)),
    trained: own[0]?.trained ?? 0,
    remembered: own[0]?.remembered ?? 0,
    share: own.find(({ share }) => share !== null)?.share ?? null,
    warnings: [...new Set(own.flatMap(({ warnings }) => warnings))],
    failure,
    reading: row.reading ?? null,
  };
};
