import { metricInfo } from '../../engine/contract/measures';

/** Numbers as people read them: short, with units, and a dash where there is none. */

export const isAccuracy = (metric: string): boolean => /(^|_)acc(uracy)?$/.test(metric);

/** Whether a metric is said as percent: accuracies, overlaps, average precision. */
export const isPercent = (metric: string): boolean =>
  isAccuracy(metric) || metricInfo(metric)?.unit === 'share';

/** What part of the gradient a loss makes up. */
export const isShare = (metric: string): boolean => metric.startsWith('share/');

/** A metric's value: accuracies, overlaps and shares as percent, everything else with four significant digits. */
export const formatMetric = (metric: string, value: number | null | undefined): string => {
  if (value === null || value === undefined) return '–';
  if (!Number.isFinite(value)) return 'not a number';
  if (isShare(metric)) return formatPercent(value, 1);
  return isPercent(metric) ? formatPercent(value, 2) : formatNumber(value);
};

export const formatPercent = (share: number, digits: number): string => `${(share * 100).toFixed(digits)} %`;

export const formatNumber = (value: number): string => {
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2);
  return size >= 1000 ? Math.round(value).toString() : String(Number(value.toPrecision(4)));
};

/** 1234567 → 1.23 M */
export const formatCount = (count: number): string => {
  const units = ['', ' k', ' M', ' G', ' T'];
  let scaled = count;
  let unit = 0;
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return `${scaled.toFixed(digits)}${units[unit] ?? ''}`;
};

export const formatBytes = (bytes: number): string =>
  bytes < 1000 ? `${bytes} B` : `${formatCount(bytes)}B`;

/** Seconds → “40 s”, “3 min 20 s”, “2 h 5 min”. */
export const formatDuration = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 10) return `${minutes} min ${whole % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};
