#include "kernels.h"

// Reductions over the rows of [rows, channels], in two steps: blocks of rows are reduced in float32, all at once and each
// while it is in the cache, then the blocks' parts are joined in float64 in their order.

enum { rowsPerBlock = 128, channelsPerBlock = 128 };

// Parts of the blocks: first[block][channels] and second. A task is `channelsPerBlock` channels of a block.
// `second` and `mean` may be the null pointer.
typedef struct {
  const f32 *x, *dy, *mean;
  f32 *first, *second;
  i32 rows, channels;
} ColumnParts;

// `vectors` times `lanes` channels; of the last vector only `count`.
INLINE void partialSumTile(const ColumnParts *a, i32 block, i32 channel, i32 vectors, i32 count) {
  f32s sums[2], products[2], means[2];
  UNROLL for (i32 at = 0; at < vectors; at++) {
    sums[at] = products[at] = splat(0);
    if (a->mean) means[at] = loadSome(a->mean + channel + at * lanes, count);
  }
  const i32 begin = block * rowsPerBlock, end = least(a->rows, begin + rowsPerBlock);
  const f32 *dy = a->dy + begin * a->channels + channel, *x = a->x + begin * a->channels + channel;
  for (i32 row = begin; row < end; row++, dy += a->channels, x += a->channels)
    UNROLL for (i32 at = 0; at < vectors; at++) {
      const f32s value = loadSome(dy + at * lanes, count);
      sums[at] += value;
      if (a->mean) products[at] = addProduct(products[at], value, loadSome(x + at * lanes, count) - means[at]);
    }
  UNROLL for (i32 at = 0; at < vectors; at++) {
    const i32 to = block * a->channels + channel + at * lanes;
    storeSome(a->first + to, sums[at], count);
    if (a->mean) storeSome(a->second + to, products[at], count);
  }
}

INLINE void partialMomentTile(const ColumnParts *a, i32 block, i32 channel, i32 vectors, i32 count) {
  f32s means[2], squares[2];
  UNROLL for (i32 at = 0; at < vectors; at++) means[at] = squares[at] = splat(0);
  const i32 begin = block * rowsPerBlock, rows = least(a->rows - begin, rowsPerBlock);
  const f32 *x = a->x + begin * a->channels + channel;
  for (i32 row = 0; row < rows; row++)
    UNROLL for (i32 at = 0; at < vectors; at++) means[at] += loadSome(x + row * a->channels + at * lanes, count);
  UNROLL for (i32 at = 0; at < vectors; at++) means[at] /= splat(rows);
  for (i32 row = 0; row < rows; row++)
    UNROLL for (i32 at = 0; at < vectors; at++) {
      const f32s difference = loadSome(x + row * a->channels + at * lanes, count) - means[at];
      squares[at] = addProduct(squares[at], difference, difference);
    }
  UNROLL for (i32 at = 0; at < vectors; at++) {
    const i32 to = block * a->channels + channel + at * lanes;
    storeSome(a->first + to, means[at], count);
    storeSome(a->second + to, squares[at], count);
  }
}

#define EACH_BLOCK(tile)                                                                                    \
  const i32 groups = (a->channels + channelsPerBlock - 1) / channelsPerBlock;                               \
  for (i32 task = begin; task < end; task++) {                                                              \
    const i32 block = task / groups, from = task % groups * channelsPerBlock;                               \
    const i32 to = least(a->channels, from + channelsPerBlock);                                             \
    i32 channel = from;                                                                                     \
    for (; channel + 2 * lanes <= to; channel += 2 * lanes) tile(a, block, channel, 2, lanes);              \
    for (; channel + lanes <= to; channel += lanes) tile(a, block, channel, 1, lanes);                      \
    if (channel < to) tile(a, block, channel, 1, to - channel);                                             \
  }

// The sum of dy; with a mean also the sum of dy * (x - mean).
KERNEL(partialSums)(const ColumnParts *a, i32 begin, i32 end, f32 *scratch) { EACH_BLOCK(partialSumTile) }

// The mean of x, and the sum of the squares of what differs from it.
KERNEL(partialMoments)(const ColumnParts *a, i32 begin, i32 end, f32 *scratch) { EACH_BLOCK(partialMomentTile) }

// A task is a channel.
typedef struct {
  const f32 *firstParts, *secondParts;
  f32 *first, *second;
  i32 rows, channels;
} ColumnTotals;

// Sums of the parts; `second` may be the null pointer.
KERNEL(totalSums)(const ColumnTotals *a, i32 begin, i32 end, f32 *scratch) {
  const i32 blocks = (a->rows + rowsPerBlock - 1) / rowsPerBlock;
  for (i32 channel = begin; channel < end; channel++) {
    double first = 0, second = 0;
    for (i32 block = 0; block < blocks; block++) first += a->firstParts[block * a->channels + channel];
    a->first[channel] = first;
    if (!a->second) continue;
    for (i32 block = 0; block < blocks; block++) second += a->secondParts[block * a->channels + channel];
    a->second[channel] = second;
  }
}

// first = the mean, second = the biased variance (Chan, Golub and LeVeque, 1979).
KERNEL(totalMoments)(const ColumnTotals *a, i32 begin, i32 end, f32 *scratch) {
  const i32 blocks = (a->rows + rowsPerBlock - 1) / rowsPerBlock;
  for (i32 channel = begin; channel < end; channel++) {
    double sum = 0, squares = 0;
    for (i32 block = 0; block < blocks; block++) {
      const i32 rows = least(a->rows - block * rowsPerBlock, rowsPerBlock);
      sum += (double)a->firstParts[block * a->channels + channel] * rows;
    }
    const double mean = sum / a->rows;
    for (i32 block = 0; block < blocks; block++) {
      const i32 rows = least(a->rows - block * rowsPerBlock, rowsPerBlock);
      const double difference = a->firstParts[block * a->channels + channel] - mean;
      squares += a->secondParts[block * a->channels + channel] + difference * difference * rows;
    }
    a->first[channel] = mean;
    a->second[channel] = squares / a->rows;
  }
}

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
