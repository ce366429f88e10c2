#include "kernels.h"

// Gradients of the depthwise convolution: output channel c * multiplier + m comes from input channel c alone.
typedef struct {
  const f32 *x, *filter, *dy;
  f32 *out;
  i32 batch, inHeight, inWidth, inChannels, outHeight, outWidth, multiplier;
  i32 filterHeight, filterWidth, stepY, stepX, dilationY, dilationX, top, left;
} Depthwise;

INLINE void addProducts(f32 *RESTRICT out, const f32 *RESTRICT a, const f32 *RESTRICT b, i32 count, i32 multiplier) {
  if (multiplier == 1) {
    for (i32 at = 0; at < count; at++) out[at] += a[at] * b[at];
    return;
  }
  for (i32 at = 0; at < count; at++)
    for (i32 m = 0; m < multiplier; m++) out[at] += a[at * multiplier + m] * b[at * multiplier + m];
}

// A task is one row of one sample's input gradient.
KERNEL(depthwiseInputGradient)(const Depthwise *a, i32 begin, i32 end, f32 *scratch) {
  const i32 channels = a->inChannels, outChannels = channels * a->multiplier;
  for (i32 task = begin; task < end; task++) {
    f32 *out = a->out + task * a->inWidth * channels;
    for (i32 at = 0; at < a->inWidth * channels; at++) out[at] = 0;
    const i32 sample = task / a->inHeight;
    for (i32 tapY = 0; tapY < a->filterHeight; tapY++) {
      const i32 scaled = task % a->inHeight + a->top - tapY * a->dilationY, y = scaled / a->stepY;
      if (scaled < 0 || scaled % a->stepY || y >= a->outHeight) continue;
      for (i32 tapX = 0; tapX < a->filterWidth; tapX++) {
        const i32 offset = tapX * a->dilationX - a->left;
        const Range range = within(a->outWidth, a->stepX, offset, a->inWidth);
        const f32 *filter = a->filter + (tapY * a->filterWidth + tapX) * outChannels;
        const f32 *dy = a->dy + (sample * a->outHeight + y) * a->outWidth * outChannels;
        for (i32 x = range.begin; x < range.end; x++)
          addProducts(out + (x * a->stepX + offset) * channels, dy + x * outChannels, filter, channels, a->multiplier);
      }
    }
  }
}

INLINE void depthwiseFilterTile(const Depthwise *a, i32 channel, i32 width) {
  const i32 inChannels = a->inChannels, outChannels = inChannels * a->multiplier;
  const f32 *x = a->x + channel / a->multiplier, *dy = a->dy + channel;
  for (i32 tap = 0; tap < a->filterHeight * a->filterWidth; tap++)
    for (i32 at = 0; at < width; at++) a->out[tap * outChannels + channel + at] = 0;
  for (i32 row = 0; row < a->batch * a->outHeight; row++)
    for (i32 tap = 0; tap < a->filterHeight * a->filterWidth; tap++) {
      const i32 y = row % a->outHeight * a->stepY + tap / a->filterWidth * a->dilationY - a->top;
      if (y < 0 || y >= a->inHeight) continue;
      const i32 offset = tap % a->filterWidth * a->dilationX - a->left;
      const Range range = within(a->outWidth, a->stepX, offset, a->inWidth);
      f32 sums[channelTile] = {0};
      for (i32 at = range.begin; at < range.end; at++) {
        const i32 pixel = (row / a->outHeight * a->inHeight + y) * a->inWidth + at * a->stepX + offset;
        const f32 *inputs = x + pixel * inChannels, *gradients = dy + (row * a->outWidth + at) * outChannels;
        UNROLL for (i32 lane = 0; lane < width; lane++) sums[lane] += inputs[lane] * gradients[lane];
      }
      UNROLL for (i32 lane = 0; lane < width; lane++) a->out[tap * outChannels + channel + lane] += sums[lane];
    }
}

// A task is sixteen output channels.
KERNEL(depthwiseFilterGradient)(const Depthwise *a, i32 begin, i32 end, f32 *scratch) {
  const i32 last = least(end * channelTile, a->inChannels * a->multiplier);
  for (i32 channel = begin * channelTile; channel < last;) {
    const i32 width = a->multiplier > 1 ? 1 : last - channel >= channelTile ? channelTile : last - channel >= 4 ? 4 : 1;
    if (width == channelTile) depthwiseFilterTile(a, channel, channelTile);
    else if (width == 4) depthwiseFilterTile(a, channel, 4);
    else depthwiseFilterTile(a, channel, 1);
    channel += width;
  }
}
