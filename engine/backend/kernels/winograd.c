#include "winogradTransforms.h"

// 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3): filter and input tiles are transformed, multiplied as one
// matrix product for each of the 36 places, and transformed back. The same kernel gives the input's gradient: that is
// the convolution of dy with the filter flipped and turned.

// The transformed filter as panels: to[place][panel][row][panelColumns]; a row is an input channel, a column an output
// channel. The filter is [3, 3, rows, columns], or `turned`: [3, 3, columns, rows], and lies the other way round.
// A task is a panel.
typedef struct {
  const f32 *filter;
  f32 *to;
  i32 rows, columns, turned;
} WinogradFilter;

INLINE f32s loadTap(const f32 *from, i32 step, i32 count) {
  if (step == 1) return loadSome(from, count);
  f32s value = splat(0);
  for (i32 lane = 0; lane < least(count, lanes); lane++) value[lane] = from[lane * step];
  return value;
}

KERNEL(winogradFilter)(const WinogradFilter *a, i32 begin, i32 end, f32 *scratch) {
  const i32 step = matrixStep(a->rows, roundUp(a->columns, panelColumns)), lastTap = filterSide * filterSide - 1;
  const i32 rowStep = a->turned ? 1 : a->columns, columnStep = a->turned ? a->rows : 1;
  for (i32 task = begin; task < end; task++)
    for (i32 row = 0; row < a->rows; row++)
      for (i32 half = 0; half < panelColumns; half += lanes) {
        const i32 column = task * panelColumns + half;
        const f32 *from = a->filter + row * rowStep + column * columnStep;
        f32 *to = a->to + (task * a->rows + row) * panelColumns + half;
        f32s square[filterSide * filterSide], made[places];
        UNROLL for (i32 tap = 0; tap <= lastTap; tap++)
          square[tap] = loadTap(from + (a->turned ? lastTap - tap : tap) * a->rows * a->columns, columnStep,
                                a->columns - column);
        transformSquare(transformTaps, filterSide, inputSide, square, made);
        UNROLL for (i32 at = 0; at < places; at++) store(to + at * step, made[at]);
      }
}

enum { tilesPerTask = 24, columnsAtOnce = 64 };

// out = the convolution + bias + residual, then ReLU if asked for; `bias` and `residual` may be the null pointer.
// `filter` is transformed; `zeros` stands for pixels outside x. A task is `tilesPerTask` tiles.
typedef struct {
  const f32 *x, *filter, *bias, *residual, *zeros;
  f32 *out;
  i32 tiles, tilesDown, tilesAcross, relu;
  i32 inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, top, left;
} Winograd;

// Of a panel without more columns one half is enough.
INLINE void multiplyRows(const f32 *rows, i32 rowStep, const f32 *panel, f32 *to, i32 depth, i32 halves) {
  f32s sums[tileRows][2];
  UNROLL for (i32 row = 0; row < tileRows; row++) sums[row][0] = sums[row][1] = splat(0);
  for (i32 at = 0; at < depth; at++, panel += panelColumns) {
    f32s columns[2];
    UNROLL for (i32 half = 0; half < halves; half++) columns[half] = load(panel + half * lanes);
    UNROLL for (i32 row = 0; row < tileRows; row++) {
      const f32s value = splat(rows[row * rowStep + at]);
      UNROLL for (i32 half = 0; half < halves; half++)
        sums[row][half] = addProduct(sums[row][half], value, columns[half]);
    }
  }
  UNROLL for (i32 row = 0; row < tileRows; row++)
    UNROLL for (i32 half = 0; half < halves; half++) store(to + row * columnsAtOnce + half * lanes, sums[row][half]);
}

INLINE void storePixel(const Winograd *a, i32 pixel, i32 channel, f32s value) {
  const i32 at = pixel * a->outChannels + channel, count = a->outChannels - channel;
  if (a->bias) value += loadSome(a->bias + channel, count);
  if (a->residual) value += loadSome(a->residual + at, count);
  storeSome(a->out + at, a->relu ? positive(value) : value, count);
}

// Products of one tile, `step` from place to place, to its output pixels.
INLINE void restoreTile(const Winograd *a, i32 tile, const f32 *products, i32 step, i32 from, i32 to) {
  const i32 left = tile % a->tilesAcross * outputSide, top = tile / a->tilesAcross % a->tilesDown * outputSide;
  const i32 sample = tile / (a->tilesAcross * a->tilesDown);
  const i32 rows = least(outputSide, a->outHeight - top), columns = least(outputSide, a->outWidth - left);
  const i32 first = (sample * a->outHeight + top) * a->outWidth + left;
  for (i32 channel = from; channel < to; channel += lanes) {
    f32s square[places], made[outputSide * outputSide];
    UNROLL for (i32 at = 0; at < places; at++) square[at] = load(products + at * step + channel - from);
    transformSquare(restorePixels, inputSide, outputSide, square, made);
    UNROLL for (i32 y = 0; y < outputSide; y++)
      UNROLL for (i32 x = 0; x < outputSide; x++)
        if (y < rows && x < columns)
          storePixel(a, first + y * a->outWidth + x, channel, made[y * outputSide + x]);
  }
}

INLINE void multiplyTiles(const Winograd *a, const f32 *inputs, i32 inStep, f32 *products, i32 from, i32 to,
                          i32 count) {
  const i32 depth = a->inChannels, width = roundUp(depth, lanes);
  const i32 filterStep = matrixStep(depth, roundUp(a->outChannels, panelColumns));
  const i32 outStep = matrixStep(tilesPerTask, columnsAtOnce);
  for (i32 place = 0; place < places; place++)
    for (i32 column = from; column < to; column += panelColumns)
      for (i32 row = 0; row < count; row += tileRows) {
        const f32 *rows = inputs + place * inStep + row * width;
        const f32 *panel = a->filter + place * filterStep + column * depth;
        f32 *made = products + place * outStep + row * columnsAtOnce + column - from;
        if (to - column > lanes) multiplyRows(rows, width, panel, made, depth, 2);
        else multiplyRows(rows, width, panel, made, depth, 1);
      }
}

KERNEL(winograd)(const Winograd *a, i32 begin, i32 end, f32 *scratch) {
  const Maps maps = {a->x, a->zeros, a->inHeight, a->inWidth, a->inChannels};
  const i32 width = roundUp(a->inChannels, lanes), inStep = matrixStep(tilesPerTask, width);
  const i32 outStep = matrixStep(tilesPerTask, columnsAtOnce);
  f32 *inputs = scratch, *products = scratch + places * inStep;
  for (i32 task = begin; task < end; task++) {
    const i32 first = task * tilesPerTask, count = least(tilesPerTask, a->tiles - first);
    for (i32 at = 0; at < count; at++) {
      const i32 tile = first + at, x = tile % a->tilesAcross, y = tile / a->tilesAcross % a->tilesDown;
      const f32 *pixels[places];
      findWindow(&maps, tile / (a->tilesAcross * a->tilesDown), y * outputSide - a->top, x * outputSide - a->left,
                 inputSide, pixels);
      transformWindow(transformPixels, inputSide, pixels, a->inChannels, width, inputs + at * width, inStep);
    }
    for (i32 from = 0; from < a->outChannels; from += columnsAtOnce) {
      const i32 to = least(a->outChannels, from + columnsAtOnce);
      multiplyTiles(a, inputs, inStep, products, from, to, count);
      for (i32 at = 0; at < count; at++)
        restoreTile(a, first + at, products + at * columnsAtOnce, outStep, from, to);
    }
  }
}
