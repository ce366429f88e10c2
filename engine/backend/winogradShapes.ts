/** Of a 3x3 convolution of stride 1: its output, and the channels on both sides. */
export interface ConvolutionShape {
  batch: number;
  height: number;
  width: number;
  inChannels: number;
  outChannels: number;
}

/** What Winograd's F(4x4, 3x3) makes at once. */
const tileSide = 4;
/** Fewer give too little to multiply for what transforming costs. */
export const leastChannels = 16;
/** What the kernels have room for. */
const mostChannels = 1024;
/** Fewer tiles do not repay the transformed filter, which has four times the values of the filter. */
const leastTiles = 8;
/** The same for a filter that no cache holds once it is transformed. */
const leastTilesOfLarge = 32;
const largeFilter = 2 ** 16;
/** Of the tiles' pixels that must be pixels of the map: maps of 3x3 and of 5x5 still gain, those of 2x2 do not. */
const leastFilled = 0.35;

/**
 * Whether such a convolution is done by Winograd's F(4x4, 3x3) rather than directly. Depends on shapes alone, so that a
 * run that is resumed computes as before.
 */
export const paysWinograd = (shape: ConvolutionShape): boolean => {
  const { batch, height, width, inChannels, outChannels } = shape;
  const tiles = batch * Math.ceil(height / tileSide) * Math.ceil(width / tileSide);
  return (
    Math.min(inChannels, outChannels) >= leastChannels &&
    Math.max(inChannels, outChannels) <= mostChannels &&
    tiles >= (inChannels * outChannels > largeFilter ? leastTilesOfLarge : leastTiles) &&
    batch * height * width >= leastFilled * tiles * tileSide * tileSide
  );
};
