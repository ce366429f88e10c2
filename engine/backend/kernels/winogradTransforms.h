// The transforms of Winograd's F(4x4, 3x3) in one dimension, at the points 0, 1, -1, 2, -2 and infinity (Lavin, Gray,
// "Fast Algorithms for Convolutional Neural Networks", 2016, section 4.3; matrices B, G and A as there). In two
// dimensions each is applied to the columns and then to the rows. 36 products give what 144 give directly.

#pragma once
#include "kernels.h"

enum {
  outputSide = 4,
  filterSide = 3,
  inputSide = 6,
  // Values of a transformed tile.
  places = inputSide * inputSide,
};

// B^T d: six input pixels.
INLINE void transformPixels(const f32s d[inputSide], f32s to[inputSide]) {
  const f32s even = d[4] - d[2] * 4, odd = d[3] - d[1] * 4;
  const f32s evenTwo = d[4] - d[2], oddTwo = (d[3] - d[1]) * 2;
  to[0] = d[0] * 4 - d[2] * 5 + d[4];
  to[1] = even + odd;
  to[2] = even - odd;
  to[3] = evenTwo + oddTwo;
  to[4] = evenTwo - oddTwo;
  to[5] = d[1] * 4 - d[3] * 5 + d[5];
}

// G g: three taps of the filter.
INLINE void transformTaps(const f32s g[filterSide], f32s to[inputSide]) {
  const f32s even = (g[0] + g[2]) * (-1.f / 6), odd = g[1] * (-1.f / 6);
  const f32s evenTwo = g[0] * (1.f / 24) + g[2] * (1.f / 6), oddTwo = g[1] * (1.f / 12);
  to[0] = g[0] * 0.25f;
  to[1] = even + odd;
  to[2] = even - odd;
  to[3] = evenTwo + oddTwo;
  to[4] = evenTwo - oddTwo;
  to[5] = g[2];
}

// A^T m: products to four output pixels.
INLINE void restorePixels(const f32s m[inputSide], f32s to[outputSide]) {
  const f32s even = m[1] + m[2], odd = m[1] - m[2], evenTwo = m[3] + m[4], oddTwo = m[3] - m[4];
  to[0] = m[0] + even + evenTwo;
  to[1] = odd + oddTwo * 2;
  to[2] = even + evenTwo * 4;
  to[3] = odd + oddTwo * 8 + m[5];
}

// A y: the gradient of four output pixels.
INLINE void transformGradient(const f32s y[outputSide], f32s to[inputSide]) {
  const f32s even = y[0] + y[2], odd = y[1] + y[3];
  const f32s evenTwo = y[0] + y[2] * 4, oddTwo = y[1] * 2 + y[3] * 8;
  to[0] = y[0];
  to[1] = even + odd;
  to[2] = even - odd;
  to[3] = evenTwo + oddTwo;
  to[4] = evenTwo - oddTwo;
  to[5] = y[3];
}

// G^T s: sums of products to the gradient of three taps.
INLINE void restoreTaps(const f32s s[inputSide], f32s to[filterSide]) {
  const f32s even = (s[1] + s[2]) * (-1.f / 6), odd = (s[2] - s[1]) * (1.f / 6);
  const f32s evenTwo = s[3] + s[4], oddTwo = (s[3] - s[4]) * (1.f / 12);
  to[0] = s[0] * 0.25f + even + evenTwo * (1.f / 24);
  to[1] = odd + oddTwo;
  to[2] = even + evenTwo * (1.f / 6) + s[5];
}

// Where the pixels of a square window lie, and zeros for those outside the maps.
typedef struct {
  const f32 *maps, *zeros;
  i32 height, width, channels;
} Maps;

INLINE void findWindow(const Maps *maps, i32 sample, i32 top, i32 left, i32 side, const f32 **pixels) {
  for (i32 at = 0; at < side * side; at++) {
    const i32 y = top + at / side, x = left + at % side;
    const i32 inside = y >= 0 && y < maps->height && x >= 0 && x < maps->width;
    pixels[at] =
        inside ? maps->maps + ((sample * maps->height + y) * maps->width + x) * maps->channels : maps->zeros;
  }
}

// From one place's matrix to the next: not a power of two, whose multiples would meet in the same part of the cache.
INLINE i32 matrixStep(i32 rows, i32 columns) { return rows * columns + panelColumns; }

typedef void (*Transform)(const f32s *from, f32s *to);

// A transform from `from` to `to` values in two dimensions: of a square's columns, then of the rows of what that gives.
INLINE void transformSquare(Transform transform, i32 from, i32 to, const f32s *square, f32s *made) {
  f32s turned[places], column[inputSide], line[inputSide];
  UNROLL for (i32 x = 0; x < from; x++) {
    UNROLL for (i32 y = 0; y < from; y++) column[y] = square[y * from + x];
    transform(column, line);
    UNROLL for (i32 y = 0; y < to; y++) turned[y * from + x] = line[y];
  }
  UNROLL for (i32 y = 0; y < to; y++) transform(turned + y * from, made + y * to);
}

// The transform of a square of pixels to six by six, of all channels and of zeros up to `padded`; `to` gets one value a
// place, `step` apart.
INLINE void transformWindow(Transform transform, i32 side, const f32 *const *pixels, i32 channels, i32 padded, f32 *to,
                            i32 step) {
  for (i32 channel = 0; channel < padded; channel += lanes) {
    f32s square[places], made[places];
    UNROLL for (i32 at = 0; at < side * side; at++) square[at] = loadSome(pixels[at] + channel, channels - channel);
    transformSquare(transform, side, inputSide, square, made);
    UNROLL for (i32 at = 0; at < places; at++) store(to + at * step + channel, made[at]);
  }
}
