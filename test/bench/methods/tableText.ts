import { mainMetric, metricInfo } from '../../../engine/contract/measures';
import type { Task } from '../../../engine/contract/recipe';
import type { Result } from './orders';
import type { Line, Spread, Verdict } from './summary';
import type { Trial } from './trials';

const isShare = (task: Task): boolean => metricInfo(mainMetric[task])?.unit === 'share';
const number = (value: number, task: Task): string =>
  Number.isFinite(value) ? (isShare(task) ? (100 * value).toFixed(2) : value.toFixed(3)) : '–';

const spread = ({ mean, deviation }: Spread, task: Task): string =>
  Number.isFinite(deviation) ? `${number(mean, task)} ± ${number(deviation, task)}` : number(mean, task);

const signed = (gain: Spread, task: Task): string => {
  if (!Number.isFinite(gain.mean)) return '–';
  const size = spread({ ...gain, mean: Math.abs(gain.mean) }, task);
  return `${gain.mean < 0 ? '−' : '+'}${size}`;
};

const words: Readonly<Record<Verdict, string>> = {
  better: 'better',
  equal: 'equal within a deviation',
  worse: '**worse**',
  failed: '**failed**',
};

/** 1234567 is 1.2 M */
const count = (value: number): string =>
  value >= 1e6
    ? `${(value / 1e6).toFixed(1)} M`
    : value >= 1e3
      ? `${(value / 1e3).toFixed(1)} k`
      : String(value);

/** Why a line is no better than the control, where that is known; warnings of its runs in any case. */
const notes = ({ failure, reading, warnings, verdict }: Line): string =>
  [failure, verdict === 'better' ? null : reading, ...warnings]
    .filter(Boolean)
    .join(' ')
    .replaceAll('|', '/');

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const lineText = (line: Line): string => {
  const { task } = line;
  const slower = line.step / line.controlStep;
  return row(
    `\`${line.id}\``,
    spread(line.student, task),
    signed(line.gain, task),
    words[line.verdict],
    line.share === null ? '–' : `${Math.round(100 * line.share)} %`,
    Number.isFinite(line.step) ? `${line.step.toFixed(1)} (${slower.toFixed(1)}×)` : '–',
    line.trained > 0 ? count(line.trained) : '–',
    line.remembered > 0 ? `${count(4 * line.remembered)}B` : '–',
    notes(line),
  );
};

const trialText = (trial: Trial, lines: readonly Line[], results: readonly Result[]): string[] => {
  const own = lines.filter(({ task }) => task === trial.task);
  if (own.length === 0) return [];
  const metric = metricInfo(mainMetric[trial.task])?.title ?? mainMetric[trial.task];
  const taught = results.find(({ teacher, task }) => teacher !== null && task === trial.task);
  const value = number(taught?.teacher?.[mainMetric[trial.task]] ?? NaN, trial.task);
  const unit = isShare(trial.task) ? ', %' : '';
  return [
    `### ${trial.title}`,
    '',
    `${metric}${unit}: teacher ${value}, control ${spread(own[0]?.control ?? { mean: NaN, deviation: NaN }, trial.task)}. ${own[0]?.seeds ?? 0} seeds.`,
    '',
    row(
      'Method',
      metric,
      'Gain',
      'Against the control',
      'Share',
      'Step, ms',
      'Train-only parameters',
      'Memory',
      'Notes',
    ),
    row('---', '---:', '---:', '---', '---:', '---:', '---:', '---:', '---'),
    ...own.map(lineText),
    '',
  ];
};

/** The lines as Markdown, one table a task. */
export const tableText = (
  trials: readonly Trial[],
  lines: readonly Line[],
  results: readonly Result[],
  machine: string,
): string =>
  [
    ...trials.flatMap((trial) => trialText(trial, lines, results)),
    'Mean ± deviation over the seeds, on the test split. Gain: student minus the control of the same seed, better is positive. Share: what part of the gradient the method makes up with its default weight. Step: the median of one training step, and its multiple of the control’s. A note beside a line that is no better says how we read it; warnings are those of its runs.',
    machine,
    '',
  ].join('\n');
