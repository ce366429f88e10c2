// Training kernels for tfjs's wasm backend, float32 and NHWC. They run on the heap of its module: the memory is
// imported, and there is neither static data nor an allocator here. Every kernel is `name(arguments, begin, end)` and does
// its tasks begin to end; what a task is stands beside each. Tasks write to different places and each adds in a fixed
// order, so a result does not depend on how tasks are shared out. `setup/kernels.mjs` compiles this file.

typedef float f32;
typedef int i32;
typedef f32 f32x4 __attribute__((vector_size(16)));
typedef i32 i32x4 __attribute__((vector_size(16)));
typedef f32 looseF32x4 __attribute__((vector_size(16), aligned(4)));

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define KERNEL(name) __attribute__((export_name(#name))) void name

enum { tileRows = 4, panelColumns = 8, channelTile = 16, maxPointers = 4096, reductionBlock = 128 };

INLINE f32x4 load(const f32 *from) { return *(const looseF32x4 *)from; }
INLINE void store(f32 *to, f32x4 value) { *(looseF32x4 *)to = value; }
INLINE f32x4 splat(f32 value) { return (f32x4){value, value, value, value}; }
INLINE i32 least(i32 a, i32 b) { return a < b ? a : b; }
INLINE i32 most(i32 a, i32 b) { return a > b ? a : b; }

// The positions `i` in [0, count) for which 0 <= i * step + offset < size.
typedef struct {
  i32 begin, end;
} Range;

INLINE Range within(i32 count, i32 step, i32 offset, i32 size) {
  const i32 begin = offset < 0 ? (step - 1 - offset) / step : 0;
  const i32 last = size - 1 - offset;
  return (Range){begin, last < 0 ? 0 : least(count, last / step + 1)};
}

// Matrices as panels of eight columns, the last padded with zeros: packed[panel][group][row][8].
// A task is a panel.
typedef struct {
  const f32 *from;
  f32 *to;
  const i32 *groupOffsets;
  i32 groups, rows, columns, rowStep, columnStep;
} Pack;

KERNEL(pack)(const Pack *a, i32 begin, i32 end) {
  for (i32 panel = begin; panel < end; panel++) {
    const i32 first = panel * panelColumns, columns = least(panelColumns, a->columns - first);
    f32 *to = a->to + panel * a->groups * a->rows * panelColumns;
    for (i32 group = 0; group < a->groups; group++) {
      const f32 *from = a->from + a->groupOffsets[group] + first * a->columnStep;
      for (i32 row = 0; row < a->rows; row++, from += a->rowStep, to += panelColumns)
        for (i32 column = 0; column < panelColumns; column++)
          to[column] = column < columns ? from[column * a->columnStep] : 0;
    }
  }
}

// Convolution as a matrix product over pointers to input pixels (indirect GEMM; Dukhan, "The Indirect Convolution
// Algorithm", 2019). For each point of a grid: out[point * outStep + outOrigin] = bias + the sum over taps of
// x[point * inStep + tap] times that tap's matrix. A task is `block` points; `zeros` stands for pixels outside x.
typedef struct {
  const f32 *x, *filter, *bias, *zeros;
  f32 *out;
  const i32 *tapOffsets;
  i32 taps, block, points, relu;
  i32 gridHeight, gridWidth, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels;
  i32 inStepY, inStepX, outStepY, outStepX, outTop, outLeft;
} Convolve;

INLINE void findPixels(const Convolve *a, i32 at, const f32 **pixels, f32 **out) {
  const i32 point = least(at, a->points - 1);
  const i32 x = point % a->gridWidth, y = point / a->gridWidth % a->gridHeight;
  const i32 sample = point / (a->gridWidth * a->gridHeight);
  const i32 outY = y * a->outStepY + a->outTop, outX = x * a->outStepX + a->outLeft;
  *out = a->out + ((sample * a->outHeight + outY) * a->outWidth + outX) * a->outChannels;
  for (i32 tap = 0; tap < a->taps; tap++) {
    const i32 inY = y * a->inStepY + a->tapOffsets[2 * tap], inX = x * a->inStepX + a->tapOffsets[2 * tap + 1];
    const i32 inside = inY >= 0 && inY < a->inHeight && inX >= 0 && inX < a->inWidth;
    pixels[tap * tileRows] =
        inside ? a->x + ((sample * a->inHeight + inY) * a->inWidth + inX) * a->inChannels : a->zeros;
  }
}

INLINE void multiplyTile(const Convolve *a, const f32 **pixels, const f32 *filter, f32x4 sums[tileRows][2]) {
  for (i32 tap = 0; tap < a->taps; tap++, pixels += tileRows) {
    const f32 *row0 = pixels[0], *row1 = pixels[1], *row2 = pixels[2], *row3 = pixels[3];
    for (i32 channel = 0; channel < a->inChannels; channel++, filter += panelColumns) {
      const f32x4 left = load(filter), right = load(filter + 4);
      const f32x4 values[tileRows] = {splat(row0[channel]), splat(row1[channel]), splat(row2[channel]),
                                      splat(row3[channel])};
      UNROLL for (i32 row = 0; row < tileRows; row++) {
        sums[row][0] += values[row] * left;
        sums[row][1] += values[row] * right;
      }
    }
  }
}

INLINE void storePanel(f32 *to, f32x4 left, f32x4 right, i32 columns) {
  if (columns >= panelColumns) {
    store(to, left);
    store(to + 4, right);
    return;
  }
  for (i32 column = 0; column < columns; column++) to[column] = column < 4 ? left[column] : right[column - 4];
}

// NaN stays, as in tfjs.
INLINE f32x4 positive(f32x4 value) {
  return (f32x4)((i32x4)value & ~(value < splat(0)));
}

KERNEL(convolve)(const Convolve *a, i32 begin, i32 end) {
  const f32 *pixels[maxPointers];
  f32 *outs[maxPointers / tileRows];
  for (i32 task = begin; task < end; task++) {
    const i32 first = task * a->block, points = least(a->block, a->points - first);
    const i32 padded = (points + tileRows - 1) / tileRows * tileRows;
    for (i32 point = 0; point < padded; point++)
      findPixels(a, first + point, pixels + point / tileRows * a->taps * tileRows + point % tileRows, outs + point);
    for (i32 column = 0; column < a->outChannels; column += panelColumns) {
      const f32 *filter = a->filter + column * a->taps * a->inChannels;
      for (i32 point = 0; point < points; point += tileRows) {
        const f32x4 left = load(a->bias + column), right = load(a->bias + column + 4);
        f32x4 sums[tileRows][2] = {{left, right}, {left, right}, {left, right}, {left, right}};
        multiplyTile(a, pixels + point * a->taps, filter, sums);
        for (i32 row = 0; row < least(tileRows, points - point); row++) {
          if (a->relu) sums[row][0] = positive(sums[row][0]), sums[row][1] = positive(sums[row][1]);
          storePanel(outs[point + row] + column, sums[row][0], sums[row][1], a->outChannels - column);
        }
      }
    }
  }
}

// out[tap][in][out] = the sum over output pixels of x at that tap times dy; dy comes packed.
// A task is four input channels of one tap.
typedef struct {
  const f32 *x, *dy;
  f32 *out;
  const i32 *tapOffsets;
  i32 batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, stepY, stepX, blockRows;
} FilterGradient;

INLINE void addRow(const f32 *x, i32 xStep, const f32 *dy, i32 pixels, i32 rows, f32x4 sums[tileRows][2]) {
  for (i32 pixel = 0; pixel < pixels; pixel++, x += xStep, dy += panelColumns) {
    const f32x4 left = load(dy), right = load(dy + 4);
    UNROLL for (i32 row = 0; row < rows; row++) {
      const f32x4 value = splat(x[row]);
      sums[row][0] += value * left;
      sums[row][1] += value * right;
    }
  }
}

INLINE void addFilterTile(const FilterGradient *a, i32 tap, i32 channel, i32 column, i32 rows, i32 fromRow, i32 toRow) {
  const i32 offsetY = a->tapOffsets[2 * tap], offsetX = a->tapOffsets[2 * tap + 1];
  const Range range = within(a->outWidth, a->stepX, offsetX, a->inWidth);
  const f32 *dy = a->dy + column * a->batch * a->outHeight * a->outWidth;
  f32x4 sums[tileRows][2] = {{splat(0)}};
  for (i32 row = fromRow; row < toRow && range.begin < range.end; row++) {
    const i32 sample = row / a->outHeight, y = row % a->outHeight * a->stepY + offsetY;
    if (y < 0 || y >= a->inHeight) continue;
    const i32 pixel = (sample * a->inHeight + y) * a->inWidth + range.begin * a->stepX + offsetX;
    addRow(a->x + pixel * a->inChannels + channel, a->stepX * a->inChannels,
           dy + (row * a->outWidth + range.begin) * panelColumns, range.end - range.begin, rows, sums);
  }
  f32 *out = a->out + (tap * a->inChannels + channel) * a->outChannels + column;
  const i32 columns = least(panelColumns, a->outChannels - column);
  UNROLL for (i32 row = 0; row < rows; row++, out += a->outChannels)
    for (i32 at = 0; at < columns; at++) {
      const f32 sum = at < 4 ? sums[row][0][at] : sums[row][1][at - 4];
      out[at] = fromRow ? out[at] + sum : sum;
    }
}

KERNEL(filterGradient)(const FilterGradient *a, i32 begin, i32 end) {
  const i32 tiles = (a->inChannels + tileRows - 1) / tileRows, rows = a->batch * a->outHeight;
  for (i32 row = 0; row < rows; row += a->blockRows) {
    const i32 toRow = least(rows, row + a->blockRows);
    for (i32 column = 0; column < a->outChannels; column += panelColumns)
      for (i32 task = begin; task < end; task++) {
        const i32 tap = task / tiles, channel = task % tiles * tileRows;
        switch (least(tileRows, a->inChannels - channel)) {
          case 1: addFilterTile(a, tap, channel, column, 1, row, toRow); break;
          case 2: addFilterTile(a, tap, channel, column, 2, row, toRow); break;
          case 3: addFilterTile(a, tap, channel, column, 3, row, toRow); break;
          default: addFilterTile(a, tap, channel, column, 4, row, toRow);
        }
      }
  }
}

// Gradients of the depthwise convolution: output channel c * multiplier + m comes from input channel c alone.
typedef struct {
  const f32 *x, *filter, *dy;
  f32 *out;
  i32 batch, inHeight, inWidth, inChannels, outHeight, outWidth, multiplier;
  i32 filterHeight, filterWidth, stepY, stepX, dilationY, dilationX, top, left;
} Depthwise;

INLINE void addProducts(f32 *restrict out, const f32 *restrict a, const f32 *restrict b, i32 count, i32 multiplier) {
  if (multiplier == 1) {
    for (i32 at = 0; at < count; at++) out[at] += a[at] * b[at];
    return;
  }
  for (i32 at = 0; at < count; at++)
    for (i32 m = 0; m < multiplier; m++) out[at] += a[at * multiplier + m] * b[at * multiplier + m];
}

// A task is one row of one sample's input gradient.
KERNEL(depthwiseInputGradient)(const Depthwise *a, i32 begin, i32 end) {
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
KERNEL(depthwiseFilterGradient)(const Depthwise *a, i32 begin, i32 end) {
  const i32 last = least(end * channelTile, a->inChannels * a->multiplier);
  for (i32 channel = begin * channelTile; channel < last;) {
    const i32 width = a->multiplier > 1 ? 1 : last - channel >= channelTile ? channelTile : last - channel >= 4 ? 4 : 1;
    if (width == channelTile) depthwiseFilterTile(a, channel, channelTile);
    else if (width == 4) depthwiseFilterTile(a, channel, 4);
    else depthwiseFilterTile(a, channel, 1);
    channel += width;
  }
}

// The gradient of each window goes to its first largest value. A task is one sample.
typedef struct {
  const f32 *x, *dy;
  f32 *out;
  i32 inHeight, inWidth, channels, outHeight, outWidth, filterHeight, filterWidth, stepY, stepX, top, left;
} MaxPoolGradient;

KERNEL(maxPoolGradient)(const MaxPoolGradient *a, i32 begin, i32 end) {
  const i32 size = a->inHeight * a->inWidth * a->channels;
  for (i32 sample = begin; sample < end; sample++) {
    const f32 *x = a->x + sample * size, *dy = a->dy + sample * a->outHeight * a->outWidth * a->channels;
    f32 *out = a->out + sample * size;
    for (i32 at = 0; at < size; at++) out[at] = 0;
    for (i32 window = 0; window < a->outHeight * a->outWidth; window++, dy += a->channels) {
      const i32 y = window / a->outWidth * a->stepY - a->top, x0 = window % a->outWidth * a->stepX - a->left;
      const i32 fromY = most(0, y), toY = least(a->inHeight, y + a->filterHeight);
      const i32 fromX = most(0, x0), toX = least(a->inWidth, x0 + a->filterWidth);
      for (i32 channel = 0; channel < a->channels; channel++) {
        i32 largest = (fromY * a->inWidth + fromX) * a->channels + channel;
        for (i32 inY = fromY; inY < toY; inY++)
          for (i32 inX = fromX; inX < toX; inX++) {
            const i32 at = (inY * a->inWidth + inX) * a->channels + channel;
            largest = x[at] > x[largest] ? at : largest;
          }
        out[largest] += dy[channel];
      }
    }
  }
}

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
KERNEL(columnSums)(const Columns *a, i32 begin, i32 end) { EACH_CHANNEL_TILE(columnSumTile) }

// first = the mean, second = the biased variance of x (dy is x too).
KERNEL(columnMoments)(const Columns *a, i32 begin, i32 end) { EACH_CHANNEL_TILE(momentTile) }

// out = scale * x + shift, and with y: out = scale * x + other * y + shift; all three one value a channel.
// A task is `block` rows.
typedef struct {
  const f32 *x, *y, *scale, *other, *shift;
  f32 *out;
  i32 rows, channels, block;
} Affine;

INLINE void affineRow(f32 *restrict out, const f32 *restrict x, const f32 *restrict scale, const f32 *restrict shift,
                      i32 count) {
  for (i32 at = 0; at < count; at++) out[at] = x[at] * scale[at] + shift[at];
}

INLINE void affinePairRow(f32 *restrict out, const f32 *restrict x, const f32 *restrict y, const Affine *a) {
  const f32 *restrict scale = a->scale, *restrict other = a->other, *restrict shift = a->shift;
  for (i32 at = 0; at < a->channels; at++) out[at] = x[at] * scale[at] + y[at] * other[at] + shift[at];
}

KERNEL(affine)(const Affine *a, i32 begin, i32 end) {
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

KERNEL(reluGradient)(const ReluGradient *a, i32 begin, i32 end) {
  const i32 last = least(end * a->block, a->count);
  i32 at = begin * a->block;
  for (; at + 4 <= last; at += 4) {
    const i32x4 kept = load(a->x + at) > splat(0);
    store(a->out + at, (f32x4)((i32x4)load(a->dy + at) & kept));
  }
  for (; at < last; at++) a->out[at] = a->x[at] > 0 ? a->dy[at] : 0;
}
