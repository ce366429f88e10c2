/** One axis of a chart: where values lie between 0 and 1, and which ones are written beside it. */
export interface Axis {
  scale: 'linear' | 'log';
  ticks: number[];
  /** 0 at the low end, 1 at the high end. */
  place(value: number): number;
}

/** A linear axis whose ends are ticks, at steps of 1, 2 or 5 times a power of ten. */
export const linearAxis = (low: number, high: number, count: number): Axis => {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const step = niceStep(span / count);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
  return {
    scale: 'linear',
    ticks,
    place: (value) => (value / step - first) / (last - first),
  };
};

const niceStep = (rough: number): number => {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((one) => one * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
};

/** A logarithmic axis over whole powers of ten. */
export const logAxis = (low: number, high: number): Axis => {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.max(Math.ceil(Math.log10(high) - 1e-9), first + 1);
  const every = Math.ceil((last - first) / 6);
  const ticks: number[] = [];
  for (let exponent = first; exponent <= last; exponent += every) ticks.push(Number(`1e${exponent}`));
  return {
    scale: 'log',
    ticks,
    place: (value) => (Math.log10(value) - first) / (last - first),
  };
};

/** Epochs from zero: whole ones only, the last one the end. */
export const epochAxis = (epochs: number): Axis => {
  const end = Math.max(epochs, 1e-9);
  const step = Math.max(1, niceStep(end / 8));
  const ticks = Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, index) => index * step);
  return { scale: 'linear', ticks, place: (value) => value / end };
};

/** Logarithmic where positive values span more than two powers of ten; from zero where that wastes little room. */
export const valueAxis = (values: readonly number[]): Axis => {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  if (low > 0 && high / low > 100) return logAxis(low, high);
  return linearAxis(low > 0 && low < high / 3 ? 0 : low, high, 5);
};
