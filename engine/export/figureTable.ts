import type { ModelFigures, RunReport } from '../contract/run';
import { formatBytes, formatCount, formatLatency, formatPoints, formatShare, formatTimes } from './quantity';

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

export const figureColumns = ['Accuracy', 'Parameters', 'MACs', 'Size', 'Latency'] as const;

/** The accuracy of a network, or NaN where it was not measured. */
export const accuracyOf = (figures: ModelFigures): number => figures.metrics['acc'] ?? NaN;

/** Teacher, student with teacher, student without: those that the run has. */
export const figureRows = (report: RunReport): FigureRow[] => {
  const { teacher, student, control } = report;
  const roles: [FigureRow['role'], string, ModelFigures | null][] = [
    ['teacher', 'Teacher', teacher],
    ['student', teacher ? 'Student, with teacher' : 'Student, distilled', student],
    ['control', teacher ? 'Student, without teacher' : 'Student, not distilled', control],
  ];
  return roles.flatMap(([role, label, figures]) =>
    figures ? [{ role, label, name: figures.name, cells: cellsOf(figures, role, teacher) }] : [],
  );
};

const cellsOf = (
  figures: ModelFigures,
  role: FigureRow['role'],
  teacher: ModelFigures | null,
): FigureCell[] => {
  const compared = role === 'teacher' ? null : teacher;
  const against = (number: (of: ModelFigures) => number, less: string, more: string): string =>
    compared ? ratio(number(figures), number(compared), less, more) : '';
  return [
    {
      text: formatShare(accuracyOf(figures)),
      ratio: compared ? pointsAgainst(accuracyOf(figures) - accuracyOf(compared)) : '',
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

const pointsAgainst = (difference: number): string => {
  if (!Number.isFinite(difference)) return '';
  if (difference === 0) return 'the same';
  return `${difference < 0 ? '−' : '+'}${formatPoints(difference)} points`;
};

const ratio = (value: number, teacher: number, less: string, more: string): string => {
  if (!(value > 0 && teacher > 0) || !Number.isFinite(value + teacher)) return '';
  const [larger, smaller] = value < teacher ? [teacher, value] : [value, teacher];
  const times = formatTimes(larger, smaller);
  if (times === '1.00×') return 'the same';
  return `${times} ${value < teacher ? less : more}`;
};
