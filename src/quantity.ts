const units = ['', ' k', ' M', ' G', ' T'];

/** Three digits and a unit: 1234567 is `1.23 M`. */
export const formatCount = (count: number): string => {
  if (Math.abs(count) < 1000) return String(count);
  const exponent = Math.floor(Math.log10(Number(Math.abs(count).toPrecision(3))) / 3);
  const unit = Math.min(exponent, units.length - 1);
  return `${Number((count / 1000 ** unit).toPrecision(3))}${units[unit]}`;
};

/** 4900000 is `4.9 MB`. */
export const formatBytes = (bytes: number): string =>
  Math.abs(bytes) < 1000 ? `${bytes} B` : `${formatCount(bytes)}B`;

/** A share as per cent: 0.123 is `12 %`, and what is not nothing is never `0 %`. */
export const formatPercent = (share: number): string => {
  const points = share * 100;
  if (points > 0 && points < 0.95) return `${Math.max(points, 0.1).toFixed(1)} %`;
  return `${Math.round(points)} %`;
};
