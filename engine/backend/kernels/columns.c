#include "kernels.h"

enum { reductionBlock = 128 };

// Sums over the rows of [rows, channels]; a task is sixteen channels. Blocks of rows add in float32, the blocks in
// float64. `second` and `mean` may be the null pointer.
typedef struct {
  const f32 *x, *dy, *mean;
  f32 *first, *second;
  i32 rows, channels;
} Columns;

INLINE void sumTile(const Columns *a, i32 channel, i32 width, double *totals, double *products) {
  for (i32 lane = 0; lane < width; lane++) totals[lane] = products[lane] = 0;
  for (i32 block = 0; block < a->rows; block += reductionBlock) {
    f32 sums[channelTile] = {0}, productSums[channelTile] = {0};
    const i32 last = least(a->rows, block + reductionBlock);
    for (i32 row = block; row < last; row++) {
      const f32 *dy = a->dy + row * a->channels + channel, *x = a->x + row * a->channels + channel;
      UNROLL for (i32 lane = 0; lane < width; lane++) sums[lane] += dy[lane];
      if (a->mean)
        UNROLL for (i32 lane = 0; lane < width; lane++)
          productSums[lane] += dy[lane] * (x[lane] - a->mean[channel + lane]);
    }
    for (i32 lane = 0; lane < width; lane++) totals[lane] += sums[lane], products[lane] += productSums[lane];
  }
}

INLINE void squareTile(const Columns *a, i32 channel, i32 width, const f32 *means, double *totals) {
  for (i32 lane = 0; lane < width; lane++) totals[lane] = 0;
  for (i32 block = 0; block < a->rows; block += reductionBlock) {
    f32 sums[channelTile] = {0};
    const i32 last = least(a->rows, block + reductionBlock);
    for (i32 row = block; row < last; row++) {
      const f32 *x = a->x + row * a->channels + channel;
      UNROLL for (i32 lane = 0; lane < width; lane++) sums[lane] += (x[lane] - means[lane]) * (x[lane] - means[lane]);
    }
    for (i32 lane = 0; lane < width; lane++) totals[lane] += sums[lane];
  }
}

INLINE void columnSumTile(const Columns *a, i32 channel, i32 width) {
  double totals[channelTile], products[channelTile];
  sumTile(a, channel, width, totals, products);
  for (i32 lane = 0; lane < width; lane++) {
    a->first[channel + lane] = totals[lane];
    if (a->second) a->second[channel + lane] = products[lane];
  }
}

INLINE void momentTile(const Columns *a, i32 channel, i32 width) {
  double totals[channelTile], products[channelTile];
  f32 means[channelTile];
  sumTile(a, channel, width, totals, products);
  for (i32 lane = 0; lane < width; lane++) a->first[channel + lane] = means[lane] = totals[lane] / a->rows;
  squareTile(a, channel, width, means, totals);
  for (i32 lane = 0; lane < width; lane++) a->second[channel + lane] = totals[lane] / a->rows;
}

#define EACH_CHANNEL_TILE(tile)                                                   \
  const i32 last = least(end * channelTile, a->channels);                         \
  i32 channel = begin * channelTile;                                              \
  for (; channel + channelTile <= last; channel += channelTile) tile(a, channel, channelTile); \
  for (; channel + 4 <= last; channel += 4) tile(a, channel, 4);                  \
  for (; channel < last; channel++) tile(a, channel, 1);

// first = the sum of dy; second = the sum of dy * (x - mean).
KERNEL(columnSums)(const Columns *a, i32 begin, i32 end, f32 *scratch) { EACH_CHANNEL_TILE(columnSumTile) }

// first = the mean, second = the biased variance of x (dy is x too).
KERNEL(columnMoments)(const Columns *a, i32 begin, i32 end, f32 *scratch) { EACH_CHANNEL_TILE(momentTile) }

// out = scale * x + shift, and with y: out = scale * x + other * y + shift; all three one value a channel.
// A task is `block` rows.
typedef struct {
  const f32 *x, *y, *scale, *other, *shift;
  f32 *out;
  i32 rows, channels, block;
} Affine;

INLINE void affineRow(f32 *RESTRICT out, const f32 *RESTRICT x, const f32 *RESTRICT scale, const f32 *RESTRICT shift,
                      i32 count) {
  for (i32 at = 0; at < count; at++) out[at] = x[at] * scale[at] + shift[at];
}

INLINE void affinePairRow(f32 *RESTRICT out, const f32 *RESTRICT x, const f32 *RESTRICT y, const Affine *a) {
  const f32 *RESTRICT scale = a->scale, *RESTRICT other = a->other, *RESTRICT shift = a->shift;
  for (i32 at = 0; at < a->channels; at++) out[at] = x[at] * scale[at] + y[at] * other[at] + shift[at];
}

KERNEL(affine)(const Affine *a, i32 begin, i32 end, f32 *scratch) {
  for (i32 row = begin * a->block; row < least(end * a->block, a->rows); row++) {
    const i32 at = row * a->channels;
    if (a->y) affinePairRow(a->out + at, a->x + at, a->y + at, a);
    else affineRow(a->out + at, a->x + at, a->scale, a->shift, a->channels);
  }
}

// out = dy where x is greater than zero, else 0. A task is `block` values.
typedef struct {
  const f32 *x, *dy;
  f32 *out;
  i32 count, block;
} ReluGradient;

KERNEL(reluGradient)(const ReluGradient *a, i32 begin, i32 end, f32 *scratch) {
  const i32 last = least(end * a->block, a->count);
  i32 at = begin * a->block;
  for (; at + lanes <= last; at += lanes) {
    const i32s kept = load(a->x + at) > splat(0);
    store(a->out + at, (f32s)((i32s)load(a->dy + at) & kept));
  }
  for (; at < last; at++) a->out[at] = a->x[at] > 0 ? a->dy[at] : 0;
}
