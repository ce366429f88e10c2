import { describe, expect, it } from 'vitest';
import { dequantise, quantise } from '../../engine/probe/quantise';
import { Random } from '../../engine/random';

describe('quantise', () => {
  it('is off by at most half a byte step of each channel', () => {
    const positions = 63;
    const scales = [1e-6, 1, 3e4];
    const random = new Random('quantise');
    const values = Float32Array.from(
      { length: positions * scales.length },
      (_, index) => random.normal() * (scales[index % scales.length] as number),
    );
    const { min, max, data } = quantise(values, positions, scales.length);
    for (let channel = 0; channel < scales.length; channel++) {
      const [low, high] = [min[channel] as number, max[channel] as number];
      const column = values.filter((_, index) => index % scales.length === channel);
      expect([low, high]).toEqual([Math.min(...column), Math.max(...column)]);
      const errors = [...column].map((value, position) =>
        Math.abs(dequantise(data[channel * positions + position] as number, low, high) - value),
      );
      expect(Math.max(...errors)).toBeLessThanOrEqual(((high - low) / 255 / 2) * (1 + 1e-6));
    }
  });

  it('lays channels one after the other, rows from top to bottom', () => {
    const { data } = quantise(Float32Array.of(0, 9, 1, 8, 2, 7, 3, 6), 4, 2);
    expect([...data]).toEqual([0, 85, 170, 255, 255, 170, 85, 0]);
  });

  it('gives a constant channel its value back', () => {
    const { min, max, data } = quantise(Float32Array.of(-1.5, -1.5, -1.5), 3, 1);
    expect([min[0], max[0]]).toEqual([-1.5, -1.5]);
    expect([...data].map((byte) => dequantise(byte, -1.5, -1.5))).toEqual([-1.5, -1.5, -1.5]);
  });

  it('keeps NaN and infinity from spoiling the range', () => {
    const { min, max, data } = quantise(Float32Array.of(NaN, 0, Infinity, 4, -Infinity), 5, 1);
    expect([min[0], max[0]]).toEqual([0, 4]);
    expect([...data]).toEqual([0, 0, 255, 255, 0]);
  });

  it('says NaN for a channel that has no number', () => {
    const { min, max, data } = quantise(Float32Array.of(NaN, 1, NaN, 2), 2, 2);
    expect([min[0], max[0]]).toEqual([NaN, NaN]);
    expect([...data]).toEqual([0, 0, 0, 255]);
  });

  it('gives one byte for a vector, exact through its minimum', () => {
    const { min, data } = quantise(Float32Array.of(3.25, -7), 1, 2);
    expect([...min]).toEqual([3.25, -7]);
    expect([...data]).toEqual([0, 0]);
  });
});
