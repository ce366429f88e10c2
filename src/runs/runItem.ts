import { mainMetric as taskMetrics } from '../../engine/contract/measures';
import type { ModelFigures, RunReport, RunState } from '../../engine/contract/run';
import type { Run, ShownStatus } from './runFolder';

/** A tree item as plain data. */
export interface ItemView {
  id: string;
  label: string;
  description: string;
  icon: string;
  /** Id of a theme colour for the icon. */
  color: string | null;
  contextValue: string;
  tooltip: string;
  accessibility: string;
}

const icons: Record<ShownStatus, [icon: string, color: string | null]> = {
  queued: ['watch', null],
  preparing: ['sync~spin', 'charts.blue'],
  training: ['sync~spin', 'charts.blue'],
  stopping: ['sync~spin', 'problemsWarningIcon.foreground'],
  done: ['pass', 'testing.iconPassed'],
  stopped: ['debug-pause', null],
  interrupted: ['debug-disconnect', 'problemsWarningIcon.foreground'],
  failed: ['error', 'testing.iconFailed'],
};

const words: Record<ShownStatus, string> = {
  queued: 'waiting to start',
  preparing: 'preparing',
  training: 'training',
  stopping: 'stopping',
  done: 'done',
  stopped: 'stopped',
  interrupted: 'interrupted',
  failed: 'failed',
};

/** Lowest digits that tell two values apart in a list. */
export const shortNumber = (value: number): string => {
  if (!Number.isFinite(value)) return 'not a number';
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 10_000) ? value.toExponential(1) : value.toFixed(3);
};

const count = (value: number): string => {
  const [unit, name] =
    value >= 1e9 ? [1e9, ' G'] : value >= 1e6 ? [1e6, ' M'] : value >= 1e3 ? [1e3, ' k'] : [1, ''];
  return `${unit === 1 ? value : (value / unit).toFixed(1)}${name}`;
};

/** The number that says how good the student is by now. */
export const mainMetric = (latest: RunState['latest'], stage?: string): [string, number] | null => {
  const mains = Object.values(taskMetrics);
  const names = [...mains.map((name) => `val_${name}`), 'val_loss', ...mains, 'loss'];
  const keys = [stage, 'student', 'control', 'teacher'].flatMap((prefix) =>
    names.map((name) => (prefix === undefined ? name : `${prefix}/${name}`)),
  );
  const key = [...keys, ...names].find((one) => latest[one] !== undefined);
  return key === undefined ? null : [key.split('/').at(-1) ?? key, latest[key] as number];
};

const duration = (seconds: number): string => {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
};

const progress = ({ state, status }: Run): string[] => {
  if (status === 'preparing' && state.decoded) {
    const { done, total } = state.decoded;
    return [`${words.preparing}: ${done} of ${total} pictures`];
  }
  const stage = state.stages[state.stage];
  if (!stage || (status !== 'training' && status !== 'stopping')) return [words[status]];
  const parts = [`epoch ${Math.max(1, state.epoch)}/${stage.epochs}`];
  if (state.stages.length > 1 && stage.name !== 'student') parts.unshift(stage.name);
  if (status === 'stopping') parts.unshift('stopping');
  return parts;
};

const metricText = (run: Run): string[] => {
  const best = run.status === 'done' ? run.state.best : null;
  if (best) return [`${best.metric} ${shortNumber(best.value)}`];
  const found = mainMetric(run.state.latest, run.state.stages[run.state.stage]?.name);
  return found ? [`${found[0]} ${shortNumber(found[1])}`] : [];
};

const percent = ({ totalStep, totalSteps }: RunState): number | null =>
  totalSteps > 0 ? Math.floor((100 * totalStep) / totalSteps) : null;

const escape = (text: string): string => text.replace(/[\\`*_{}[\]()#+\-.!|<>~]/g, '\\$&');

const warningRows = ({ warnings = [] }: RunState): string[] =>
  warnings.map(({ stage, message, next }) => `$(warning) ${escape(`${stage}: ${message} ${next}`)}`);

const warningCount = ({ warnings = [] }: RunState): string[] =>
  warnings.length === 0 ? [] : [warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`];

const tooltip = (run: Run): string => {
  const { state } = run;
  const share = percent(state);
  const rows = [
    `**${escape(run.name)}** · ${words[run.status]}`,
    ...(share === null ? [] : [`${share} % · ${state.totalStep} of ${state.totalSteps} steps`]),
    ...(state.secondsLeft !== null && run.status === 'training'
      ? [`About ${duration(state.secondsLeft)} left`]
      : []),
    ...(state.best
      ? [`Best: ${escape(state.best.metric)} ${shortNumber(state.best.value)} in epoch ${state.best.epoch}`]
      : []),
    ...(state.backend ? [escape(state.backend.description)] : []),
    ...(state.failure && run.status === 'failed'
      ? [`${escape(state.failure.message)} ${escape(state.failure.next)}`]
      : []),
    ...warningRows(state),
    ...(run.status === 'interrupted' ? ['Its process is gone. Resume it from its newest checkpoint.'] : []),
    `Started ${new Date(state.startedAt).toLocaleString()}`,
  ];
  return rows.join('\n\n');
};

/** `run;state=…;report=…`: what menus ask for, in a fixed order. */
export const contextValue = (status: ShownStatus): string => {
  const isOn = ['queued', 'preparing', 'training', 'stopping'].includes(status);
  const canResume = ['stopped', 'interrupted', 'failed'].includes(status);
  return `run;state=${status};${isOn ? 'active' : 'ended'};${canResume ? 'resumable' : 'fixed'}`;
};

/** How one run looks in the list. */
export const runItem = (run: Run): ItemView => {
  const [icon, color] = icons[run.status];
  const details = [...progress(run), ...metricText(run), ...warningCount(run.state)];
  const share = percent(run.state);
  return {
    id: run.id,
    label: run.name,
    description: details.join(' · '),
    icon,
    color,
    contextValue: contextValue(run.status),
    tooltip: tooltip(run),
    accessibility: `Run ${run.name}, ${words[run.status]}, ${details.join(', ')}${
      share === null || run.status === 'done' ? '' : `, ${share} percent`
    }`,
  };
};

const figureRow = (id: string, label: string, figures: ModelFigures | null): ItemView[] => {
  if (!figures) return [];
  const known = Object.entries(figures.metrics);
  const metric =
    known.find(([name]) => Object.values(taskMetrics).includes(name)) ??
    known.find(([name]) => name !== 'loss');
  const details = [
    ...(metric ? [`${metric[0]} ${shortNumber(metric[1])}`] : []),
    `${count(figures.parameters)} parameters`,
    `${count(figures.macs)} MACs`,
    `${figures.latency.median.toFixed(1)} ms`,
  ];
  const description = details.join(' · ');
  const accessibility = `${label}, ${details.join(', ')}`;
  const looks = {
    icon: 'circuit-board',
    color: null,
    contextValue: 'figures',
    tooltip: `${label}: ${description}`,
  };
  return [{ id: `${id}/${label}`, label, description, accessibility, ...looks }];
};

/** Rows below a run that has ended: its networks side by side. */
export const reportItems = (id: string, report: RunReport): ItemView[] => [
  ...figureRow(id, 'Teacher', report.teacher),
  ...figureRow(id, 'Student', report.student),
  ...figureRow(id, 'Control', report.control),
];
