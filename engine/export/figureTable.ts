import { mainMetric, metricInfo, type MetricInfo } from '../contract/measures';
import type { ModelFigures, RunReport } from '../contract/run';
import {
  formatBytes,
  formatCount,
  formatDifference,
  formatLatency,
  formatMetric,
  formatTimes,
} from './quantity';

/** One network of the headline table, every cell as text. */
export interface FigureRow {
  role: 'teacher' | 'student' | 'control';
  label: string;
  /** The model's own name. */
  name: string;
  cells: FigureCell[];
}

export interface FigureCell {
  text: string;
  /** Against the teacher, e.g. `12× fewer`; empty for the teacher and where nothing can be compared. */
  ratio: string;
}

/** What the task's main metric is. */
export const measureOf = ({ task }: Pick<RunReport, 'task'>): MetricInfo & { name: string } => {
  const name = mainMetric[task];
  const info = metricInfo(name);
  if (!info) throw new Error(`The metric ${name} is not described.`);
  return { ...info, name };
};

/** The task's main metric of a network, or NaN where it was not measured. */
export const measured = ({ task }: Pick<RunReport, 'task'>, figures: ModelFigures): number =>
  figures.metrics[mainMetric[task]] ?? NaN;

export const figureColumns = (report: RunReport): string[] => [
  measureOf(report).title,
  'Parameters',
  'MACs',
  'Size',
  'Latency',
];

/** Teacher, student with teacher, student without: those that the run has. */
export const figureRows = (report: RunReport): FigureRow[] => {
  const { teacher, student, control } = report;
  const roles: [FigureRow['role'], string, ModelFigures | null][] = [
    ['teacher', 'Teacher', teacher],
    ['student', teacher ? 'Student, with teacher' : 'Student, distilled', student],
    ['control', teacher ? 'Student, without teacher' : 'Student, not distilled', control],
  ];
  return roles.flatMap(([role, label, figures]) =>
    figures ? [{ role, label, name: figures.name, cells: cellsOf(report, figures, role) }] : [],
  );
};

const cellsOf = (report: RunReport, figures: ModelFigures, role: FigureRow['role']): FigureCell[] => {
  const compared = role === 'teacher' ? null : report.teacher;
  const measure = measureOf(report);
  const against = (number: (of: ModelFigures) => number, less: string, more: string): string =>
    compared ? ratio(number(figures), number(compared), less, more) : '';
  return [
    {
      text: formatMetric(measure, measured(report, figures)),
      ratio: compared ? signed(measure, measured(report, figures) - measured(report, compared)) : '',
    },
    {
      text: formatCount(figures.parameters),
      ratio: against((one) => one.parameters, 'fewer', 'more'),
    },
    { text: formatCount(figures.macs), ratio: against((one) => one.macs, 'fewer', 'more') },
    { text: formatBytes(figures.bytes), ratio: against((one) => one.bytes, 'smaller', 'larger') },
    {
      text: formatLatency(figures.latency),
      ratio: against((one) => one.latency.median, 'faster', 'slower'),
    },
  ];
};

const signed = (measure: MetricInfo, difference: number): string => {
  if (!Number.isFinite(difference)) return '';
  if (difference === 0) return 'the same';
  return `${difference < 0 ? '−' : '+'}${formatDifference(measure, difference)}`;
};

const ratio = (value: number, teacher: number, less: string, more: string): string => {
  if (!(value > 0 && teacher > 0) || !Number.isFinite(value + teacher)) return '';
  const [larger, smaller] = value < teacher ? [teacher, value] : [value, teacher];
  const times = formatTimes(larger, smaller);
  if (times === '1.00×') return 'the same';
  return `${times} ${value < teacher ? less : more}`;
};
