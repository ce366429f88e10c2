import { mainMetric, metricInfo } from '../../engine/contract/measures';
import type { ModelFigures, RunReport } from '../../engine/contract/run';
import { element, fill } from '../shared/element';
import { formatBytes, formatCount, formatMetric, formatNumber, isPercent } from '../shared/format';
import type { RunView } from './runStore';

export interface ResultRow {
  role: 'teacher' | 'student' | 'control';
  figures: ModelFigures;
  /** Its parameters over the teacher's; null without a teacher. */
  share: number | null;
  /** By how much the distilled student is better than the control; only in the student's row. */
  gain: number | null;
}

/** Teacher, student, control: those that the report has. */
export const resultRows = (report: RunReport): ResultRow[] => {
  const { teacher, student, control } = report;
  const share = (figures: ModelFigures) =>
    teacher && teacher.parameters > 0 ? figures.parameters / teacher.parameters : null;
  const row = (role: ResultRow['role'], figures: ModelFigures | null, gain: number | null): ResultRow[] =>
    figures ? [{ role, figures, share: role === 'teacher' ? null : share(figures), gain }] : [];
  return [
    ...row('teacher', teacher, null),
    ...row('student', student, report.gain),
    ...row('control', control, null),
  ];
};

const roleWords = {
  teacher: 'Teacher',
  student: 'Student, distilled',
  control: 'Student, without teacher',
} as const;

/** “+1.25 points”, or “+0.42” in a metric’s own units: above 0 is better. */
export const gainWords = (gain: number, metric = 'acc'): string => {
  const size = isPercent(metric) ? `${Math.abs(gain * 100).toFixed(2)} points` : formatNumber(Math.abs(gain));
  return `${gain < 0 ? '−' : '+'}${size}`;
};

/** How good, how large and how fast each network came out, once a run has its report. */
export class ResultTable {
  readonly root = element('section', { class: 'results', hidden: true });
  private drawn = '';

  draw(runs: readonly RunView[]): void {
    const finished = runs.flatMap((run) => (run.report ? [{ name: run.name, report: run.report }] : []));
    const wanted = JSON.stringify(finished);
    if (wanted === this.drawn) return;
    this.drawn = wanted;
    this.root.hidden = finished.length === 0;
    fill(
      this.root,
      element('h3', {}, 'Result'),
      element('div', { class: 'table-scroll' }, resultTable(finished, runs.length > 1)),
    );
  }
}

const resultTable = (
  finished: readonly { name: string; report: RunReport }[],
  named: boolean,
): HTMLTableElement => {
  const split = finished.every(({ report }) => report.split === 'test') ? 'test' : 'validation';
  const metrics = new Set(finished.map(({ report }) => mainMetric[report.task]));
  const [metric = 'acc'] = metrics;
  const measure = metrics.size === 1 ? (metricInfo(metric)?.title ?? metric) : 'Main metric';
  const titles = ['Network', `${measure} (${split})`, 'Gain', 'Parameters', 'MACs', 'Size', 'Latency'];
  const headings = [...(named ? ['Run'] : []), ...titles].map((title) =>
    element('th', { class: title === 'Network' || title === 'Run' ? 'text' : '' }, title),
  );
  const rows = finished.flatMap(({ name, report }) =>
    resultRows(report).map((row, index) =>
      resultRow(row, mainMetric[report.task], named ? (index === 0 ? name : '') : null),
    ),
  );
  return element(
    'table',
    { class: 'numbers' },
    element('thead', {}, element('tr', {}, ...headings)),
    element('tbody', {}, ...rows),
  );
};

const resultRow = (
  { role, figures, share, gain }: ResultRow,
  metric: string,
  run: string | null,
): HTMLTableRowElement => {
  const small = share === null || share >= 1 ? '' : ` (1/${formatCount(1 / share)})`;
  const { median, spread } = figures.latency;
  const cells = [
    formatMetric(metric, figures.metrics[metric]),
    gain === null ? '' : gainWords(gain, metric),
    `${formatCount(figures.parameters)}${small}`,
    formatCount(figures.macs),
    formatBytes(figures.bytes),
    `${median.toFixed(2)} ± ${spread.toFixed(2)} ms`,
  ].map((text) => element('td', {}, text));
  if (gain !== null) cells[1]?.classList.add(gain >= 0 ? 'gained' : 'lost');
  const head = element('th', { class: 'text', title: figures.name }, roleWords[role]);
  head.scope = 'row';
  return element(
    'tr',
    { class: `result-${role}` },
    run !== null && element('td', { class: 'text' }, run),
    head,
    ...cells,
  );
};
