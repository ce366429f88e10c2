import { describe, expect, it } from 'vitest';
import { paysWinograd, type ConvolutionShape } from '../../engine/backend/winogradShapes';

const shape: ConvolutionShape = { batch: 64, height: 32, width: 32, inChannels: 64, outChannels: 64 };

describe('the convolutions that Winograd’s kernels take', () => {
  it.each<[string, Partial<ConvolutionShape>]>([
    ['large maps', {}],
    ['maps of 7x7', { height: 7, width: 7 }],
    ['maps of 3x3', { height: 3, width: 3 }],
    ['the fewest and the most channels', { inChannels: 16, outChannels: 1024 }],
    ['one sample of enough tiles', { batch: 1, height: 16, width: 8 }],
    ['a large filter for many tiles', { batch: 8, height: 7, width: 7, inChannels: 512, outChannels: 512 }],
  ])('%s', (_, change) => {
    expect(paysWinograd({ ...shape, ...change })).toBe(true);
  });

  it.each<[string, Partial<ConvolutionShape>]>([
    ['maps that leave the tiles empty', { height: 2, width: 2 }],
    ['few input channels', { inChannels: 3 }],
    ['few output channels', { outChannels: 15 }],
    ['more channels than the kernels have room for', { inChannels: 1025 }],
    ['fewer tiles than repay the filter', { batch: 1, height: 7, width: 7 }],
    ['a large filter for few tiles', { batch: 7, height: 7, width: 7, inChannels: 512, outChannels: 512 }],
  ])('not %s', (_, change) => {
    expect(paysWinograd({ ...shape, ...change })).toBe(false);
  });
});
