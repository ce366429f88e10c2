#include "kernels.h"

enum { maxPointers = 4096 };

// Matrices as panels of columns, the last padded with zeros: packed[panel][group][row][panelColumns].
// A task is a panel.
typedef struct {
  const f32 *from;
  f32 *to;
  const i32 *groupOffsets;
  i32 groups, rows, columns, rowStep, columnStep;
} Pack;

KERNEL(pack)(const Pack *a, i32 begin, i32 end, f32 *scratch) {
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

INLINE void addChannel(const f32 *const rows[tileRows], i32 channel, const f32 *filter, f32s sums[tileRows][2]) {
  const f32s left = load(filter), right = load(filter + lanes);
  UNROLL for (i32 row = 0; row < tileRows; row++) {
    const f32s value = splat(rows[row][channel]);
    sums[row][0] = addProduct(sums[row][0], value, left);
    sums[row][1] = addProduct(sums[row][1], value, right);
  }
}

// Two channels at a time: more of them do not fit in the registers.
INLINE void multiplyTile(const Convolve *a, const f32 **pixels, const f32 *filter, f32s sums[tileRows][2]) {
  for (i32 tap = 0; tap < a->taps; tap++, pixels += tileRows) {
    const f32 *rows[tileRows];
    UNROLL for (i32 row = 0; row < tileRows; row++) rows[row] = pixels[row];
    i32 channel = 0;
    for (; channel + 2 <= a->inChannels; channel += 2, filter += 2 * panelColumns) {
      addChannel(rows, 0, filter, sums);
      addChannel(rows, 1, filter + panelColumns, sums);
      UNROLL for (i32 row = 0; row < tileRows; row++) rows[row] += 2;
    }
    if (channel < a->inChannels) addChannel(rows, 0, filter, sums), filter += panelColumns;
  }
}

// The same for a panel of which only the first half is there.
INLINE void multiplyHalfTile(const Convolve *a, const f32 **pixels, const f32 *filter, f32s sums[tileRows][2]) {
  for (i32 tap = 0; tap < a->taps; tap++, pixels += tileRows)
    for (i32 channel = 0; channel < a->inChannels; channel++, filter += panelColumns) {
      const f32s left = load(filter);
      UNROLL for (i32 row = 0; row < tileRows; row++)
        sums[row][0] = addProduct(sums[row][0], splat(pixels[row][channel]), left);
    }
}

INLINE void storePanel(f32 *to, f32s left, f32s right, i32 columns) {
  if (columns >= panelColumns) {
    store(to, left);
    store(to + lanes, right);
    return;
  }
  for (i32 column = 0; column < columns; column++) to[column] = column < lanes ? left[column] : right[column - lanes];
}

KERNEL(convolve)(const Convolve *a, i32 begin, i32 end, f32 *scratch) {
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
        const f32s left = load(a->bias + column), right = load(a->bias + column + lanes);
        f32s sums[tileRows][2];
        UNROLL for (i32 row = 0; row < tileRows; row++) sums[row][0] = left, sums[row][1] = right;
        if (a->outChannels - column > lanes) multiplyTile(a, pixels + point * a->taps, filter, sums);
        else multiplyHalfTile(a, pixels + point * a->taps, filter, sums);
        for (i32 row = 0; row < least(tileRows, points - point); row++) {
          if (a->relu) sums[row][0] = positive(sums[row][0]), sums[row][1] = positive(sums[row][1]);
          storePanel(outs[point + row] + column, sums[row][0], sums[row][1], a->outChannels - column);
        }
      }
    }
  }
}

// out[tap][in][out] = the sum over output pixels of x at that tap times dy; dy comes packed.
// A task is `tileRows` input channels of one tap.
typedef struct {
  const f32 *x, *dy;
  f32 *out;
  const i32 *tapOffsets;
  i32 batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, stepY, stepX, blockRows;
} FilterGradient;

INLINE void addFilterTile(const FilterGradient *a, i32 tap, i32 channel, i32 column, i32 rows, i32 fromRow, i32 toRow) {
  const i32 offsetY = a->tapOffsets[2 * tap], offsetX = a->tapOffsets[2 * tap + 1];
  const Range range = within(a->outWidth, a->stepX, offsetX, a->inWidth);
  const f32 *dy = a->dy + column * a->batch * a->outHeight * a->outWidth;
  f32s sums[tileRows][2];
  UNROLL for (i32 row = 0; row < rows; row++) sums[row][0] = sums[row][1] = splat(0);
  for (i32 row = fromRow; row < toRow && range.begin < range.end; row++) {
    const i32 sample = row / a->outHeight, y = row % a->outHeight * a->stepY + offsetY;
    if (y < 0 || y >= a->inHeight) continue;
    const i32 pixel = (sample * a->inHeight + y) * a->inWidth + range.begin * a->stepX + offsetX;
    addOuterProducts(a->x + pixel * a->inChannels + channel, a->stepX * a->inChannels,
                     dy + (row * a->outWidth + range.begin) * panelColumns, panelColumns, range.end - range.begin,
                     rows, sums);
  }
  f32 *out = a->out + (tap * a->inChannels + channel) * a->outChannels + column;
  const i32 columns = least(panelColumns, a->outChannels - column);
  UNROLL for (i32 row = 0; row < rows; row++, out += a->outChannels)
    for (i32 at = 0; at < columns; at++) {
      const f32 sum = at < lanes ? sums[row][0][at] : sums[row][1][at - lanes];
      out[at] = fromRow ? out[at] + sum : sum;
    }
}

INLINE void addFilterRows(const FilterGradient *a, i32 tap, i32 channel, i32 column, i32 fromRow, i32 toRow) {
  const i32 rows = a->inChannels - channel;
  if (rows >= tileRows) {
    addFilterTile(a, tap, channel, column, tileRows, fromRow, toRow);
    return;
  }
  if (rows >= 4) addFilterTile(a, tap, channel, column, 4, fromRow, toRow), channel += 4;
  switch (rows % 4) {
    case 1: addFilterTile(a, tap, channel, column, 1, fromRow, toRow); break;
    case 2: addFilterTile(a, tap, channel, column, 2, fromRow, toRow); break;
    case 3: addFilterTile(a, tap, channel, column, 3, fromRow, toRow); break;
  }
}

KERNEL(filterGradient)(const FilterGradient *a, i32 begin, i32 end, f32 *scratch) {
  const i32 tiles = (a->inChannels + tileRows - 1) / tileRows, rows = a->batch * a->outHeight;
  for (i32 row = 0; row < rows; row += a->blockRows)
    for (i32 column = 0; column < a->outChannels; column += panelColumns)
      for (i32 task = begin; task < end; task++)
        addFilterRows(a, task / tiles, task % tiles * tileRows, column, row, least(rows, row + a->blockRows));
}
