/** A tap's channels as bytes: value = min[c] + (max[c] - min[c]) * data / 255. */
export interface Quantised {
  min: Float32Array;
  max: Float32Array;
  /** Channel after channel, each `positions` bytes. */
  data: Uint8Array;
}

/**
 * Quantises `values` [positions, channels] to bytes with each channel's own range, so that no value is off by more
 * than (max - min) / 255 / 2. Infinite values are clipped to the range of the finite ones; NaN becomes the minimum. A
 * channel without a finite value has NaN for its minimum and maximum: it has nothing to show.
 */
export const quantise = (values: Float32Array, positions: number, channels: number): Quantised => {
  const min = new Float32Array(channels);
  const max = new Float32Array(channels);
  const data = new Uint8Array(positions * channels);
  for (let channel = 0; channel < channels; channel++) {
    const [low, high] = finiteRange(values, channel, channels);
    min[channel] = low;
    max[channel] = high;
    const scale = high > low ? 255 / (high - low) : 0;
    for (let position = 0; position < positions; position++) {
      const value = values[position * channels + channel] ?? NaN;
      data[channel * positions + position] = toByte(value, low, high, scale);
    }
  }
  return { min, max, data };
};

const finiteRange = (values: Float32Array, channel: number, channels: number): [number, number] => {
  let low = Infinity;
  let high = -Infinity;
  for (let index = channel; index < values.length; index += channels) {
    const value = values[index] as number;
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [NaN, NaN] : [low, high];
};

const toByte = (value: number, low: number, high: number, scale: number): number => {
  if (scale === 0 || Number.isNaN(value)) return 0;
  return Math.round((Math.min(Math.max(value, low), high) - low) * scale);
};

/** The value a byte stands for. */
export const dequantise = (byte: number, min: number, max: number): number =>
  min + ((max - min) * byte) / 255;
