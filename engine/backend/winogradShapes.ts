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
const leastChannels = 16;
/** What the kernels have room for. */
const mostChannels = 1024;
/** Of the tiles' pixels that must be pixels of the map. */
const leastFilled = 0.5;

/**
 * Whether such a convolution is done by Winograd's F(4x4, 3x3) rather than directly. Depends on shapes alone, so that a
 * run that is resumed computes as before.
 */
export const paysWinograd = ({ height, width, inChannels, outChannels }: ConvolutionShape): boolean => {
  const covered = (size: number) => Math.ceil(size / tileSide) * tileSide;
  const filled = (height * width) / (covered(height) * covered(width));
  return (
    Math.min(inChannels, outChannels) >= leastChannels &&
    Math.max(inChannels, outChannels) <= mostChannels &&
    filled >= leastFilled
  );
};
