#include "kernels.h"

// The gradient of each window goes to its first largest value. A task is one sample.
typedef struct {
  const f32 *x, *dy;
  f32 *out;
  i32 inHeight, inWidth, channels, outHeight, outWidth, filterHeight, filterWidth, stepY, stepX, top, left;
} MaxPoolGradient;

KERNEL(maxPoolGradient)(const MaxPoolGradient *a, i32 begin, i32 end, f32 *scratch) {
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
