#include "winogradTransforms.h"

// The filter's gradient of a 3x3 convolution of stride 1, as the transpose of Winograd's F(4x4, 3x3): transformed input
// tiles times transformed tiles of dy, summed over all tiles at each of the 36 places, and transformed back. Tiles come
// in rounds of `round`: each is transformed and then added to the sums.

// Tiles `first` and on of x and dy: inputs[place][tile][in] and gradients[place][tile][out], channels padded.
// A task is a tile.
typedef struct {
  const f32 *x, *dy, *zeros;
  f32 *inputs, *gradients;
  i32 first, round, tilesDown, tilesAcross;
  i32 inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, top, left;
} WinogradTiles;

KERNEL(winogradTiles)(const WinogradTiles *a, i32 begin, i32 end, f32 *scratch) {
  const Maps inMaps = {a->x, a->zeros, a->inHeight, a->inWidth, a->inChannels};
  const Maps outMaps = {a->dy, a->zeros, a->outHeight, a->outWidth, a->outChannels};
  const i32 width = roundUp(a->inChannels, lanes), columns = roundUp(a->outChannels, panelColumns);
  for (i32 task = begin; task < end; task++) {
    const i32 tile = a->first + task, sample = tile / (a->tilesAcross * a->tilesDown);
    const i32 y = tile / a->tilesAcross % a->tilesDown * outputSide, x = tile % a->tilesAcross * outputSide;
    const f32 *pixels[places];
    findWindow(&inMaps, sample, y - a->top, x - a->left, inputSide, pixels);
    transformWindow(transformPixels, inputSide, pixels, a->inChannels, width, a->inputs + task * width,
                    matrixStep(a->round, width));
    findWindow(&outMaps, sample, y, x, outputSide, pixels);
    transformWindow(transformGradient, outputSide, pixels, a->outChannels, columns, a->gradients + task * columns,
                    matrixStep(a->round, columns));
  }
}

enum { rowsPerTask = 32, sumRows = lanes < 16 ? 4 : 8 };

// sums[place][in][out] += the sum over `count` tiles of inputs times gradients; the round that begins with tile 0
// begins anew. A task is `rowsPerTask` input channels of a place.
typedef struct {
  const f32 *inputs, *gradients;
  f32 *sums;
  i32 first, count, round, inChannels, outChannels;
} WinogradSums;

INLINE void addTiles(const f32 *inputs, i32 inStep, const f32 *gradients, i32 step, f32 *to, i32 count, i32 anew) {
  f32s sums[sumRows][2];
  UNROLL for (i32 row = 0; row < sumRows; row++) {
    sums[row][0] = anew ? splat(0) : load(to + row * step);
    sums[row][1] = anew ? splat(0) : load(to + row * step + lanes);
  }
  addOuterProducts(inputs, inStep, gradients, step, count, sumRows, sums);
  UNROLL for (i32 row = 0; row < sumRows; row++) {
    store(to + row * step, sums[row][0]);
    store(to + row * step + lanes, sums[row][1]);
  }
}

KERNEL(winogradSums)(const WinogradSums *a, i32 begin, i32 end, f32 *scratch) {
  const i32 width = roundUp(a->inChannels, lanes), columns = roundUp(a->outChannels, panelColumns);
  const i32 blocks = (width + rowsPerTask - 1) / rowsPerTask;
  for (i32 task = begin; task < end; task++) {
    const i32 place = task / blocks, from = task % blocks * rowsPerTask, to = least(width, from + rowsPerTask);
    const f32 *inputs = a->inputs + place * matrixStep(a->round, width);
    const f32 *gradients = a->gradients + place * matrixStep(a->round, columns);
    f32 *sums = a->sums + place * matrixStep(width, columns);
    for (i32 column = 0; column < columns; column += panelColumns)
      for (i32 row = from; row < to; row += sumRows)
        addTiles(inputs + row, width, gradients + column, columns, sums + row * columns + column, a->count,
                 a->first == 0);
  }
}

// The sums to the filter's gradient, [3, 3, in, out]. A task is an input channel.
typedef struct {
  const f32 *sums;
  f32 *out;
  i32 inChannels, outChannels;
} WinogradTaps;

KERNEL(winogradTaps)(const WinogradTaps *a, i32 begin, i32 end, f32 *scratch) {
  const i32 columns = roundUp(a->outChannels, panelColumns), step = matrixStep(roundUp(a->inChannels, lanes), columns);
  for (i32 row = begin; row < end; row++)
    for (i32 column = 0; column < a->outChannels; column += lanes) {
      const f32 *sums = a->sums + row * columns + column;
      f32s square[places], made[filterSide * filterSide];
      UNROLL for (i32 at = 0; at < places; at++) square[at] = load(sums + at * step);
      transformSquare(restoreTaps, inputSide, filterSide, square, made);
      UNROLL for (i32 tap = 0; tap < filterSide * filterSide; tap++)
        storeSome(a->out + (tap * a->inChannels + row) * a->outChannels + column, made[tap], a->outChannels - column);
    }
}
