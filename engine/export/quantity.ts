import type { MetricInfo } from '../contract/measures';

const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];

/** Three digits and an SI prefix: 1234567 is `1.23 M`. */
export const formatCount = (count: number): string => withPrefix(count, '');

/** Bytes with decimal prefixes: 4900000 is `4.90 MB`. */
export const formatBytes = (bytes: number): string => withPrefix(bytes, 'B');

const withPrefix = (value: number, unit: string): string => {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value) && Math.abs(value) < 1000) return `${value} ${unit}`.trim();
  const exponent = Math.floor(Math.log10(Number(Math.abs(value).toPrecision(3))) / 3);
  const rank = Math.min(Math.max(exponent, 0), prefixes.length - 1);
  return `${threeDigits(value / 1000 ** rank)} ${prefixes[rank]}${unit}`.trim();
};

const threeDigits = (value: number): string => {
  const size = Math.abs(Number(value.toPrecision(3)));
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
};

/** Milliseconds as median and half the spread: `1.23 ± 0.05 ms`. */
export const formatLatency = (latency: { median: number; spread: number }): string => {
  if (!Number.isFinite(latency.median)) return '–';
  const digits = latency.median >= 100 ? 0 : latency.median >= 10 ? 1 : 2;
  return `${latency.median.toFixed(digits)} ± ${latency.spread.toFixed(digits)} ms`;
};

/** A share as per cent: 0.912 is `91.2 %`, with one digit more from 99 % on. */
export const formatShare = (share: number): string => {
  if (!Number.isFinite(share)) return '–';
  return `${(share * 100).toFixed(share >= 0.99 && share < 1 ? 2 : 1)} %`;
};

/** A value of a metric: shares as per cent, values in four digits. */
export const formatMetric = ({ unit }: MetricInfo, value: number): string => {
  if (unit === 'share') return formatShare(value);
  return Number.isFinite(value) ? formatNumber(value) : '–';
};

/** The size of a difference of a metric, e.g. `1.4 points` or `0.213`. */
export const formatDifference = ({ unit }: MetricInfo, difference: number): string =>
  unit === 'share' ? `${formatPoints(difference)} points` : formatNumber(Math.abs(difference));

/** A difference of shares in points: 0.0142 is `1.4`; small ones keep a second digit. */
export const formatPoints = (difference: number): string => {
  const points = Math.abs(difference) * 100;
  return points.toFixed(points < 1 ? 2 : 1);
};

/** How many times `larger` holds `smaller`: `12×`, `3.1×`. */
export const formatTimes = (larger: number, smaller: number): string => {
  const times = larger / smaller;
  return `${times.toFixed(times >= 10 ? 0 : times >= 1.1 ? 1 : 2)}×`;
};

/** Seconds as people say them: `48 s`, `3 min 5 s`, `2 h 10 min`. */
export const formatSeconds = (seconds: number): string => {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** A number on an axis or in a list: as short as it can be said. */
export const formatNumber = (value: number): string => {
  if (!Number.isFinite(value)) return 'not a number';
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
};
