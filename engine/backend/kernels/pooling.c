#include "kernels.h"

// The gradient of each window goes to its first largest value. A task is one sample.
typedef struct {
  const f32 *x, *dy;
  f32 *out;
  i32 inHeight, inWidth, channels, outHeight, outWidth, filterHeight, filterWidth, stepY, stepX, top, left;
} MaxPoolGradient;

// Which of a window's places is the first largest, for each of some channels.
INLINE i32s largestPlace(const f32 *x, const MaxPoolGradient *a, Range rows, Range columns, i32 count) {
  i32s largest = (i32s){0}, place = (i32s){0};
  f32s most = loadSome(x + (rows.begin * a->inWidth + columns.begin) * a->channels, count);
  for (i32 y = rows.begin; y < rows.end; y++)
    for (i32 at = columns.begin; at < columns.end; at++, place += 1) {
      const f32s value = loadSome(x + (y * a->inWidth + at) * a->channels, count);
      const i32s isMore = (i32s)(value > most);
      most = choose(isMore, value, most);
      largest = (i32s)choose(isMore, (f32s)place, (f32s)largest);
    }
  return largest;
}

KERNEL(maxPoolGradient)(const MaxPoolGradient *a, i32 begin, i32 end, f32 *scratch) {
  const i32 size = a->inHeight * a->inWidth * a->channels;
  for (i32 sample = begin; sample < end; sample++) {
    const f32 *x = a->x + sample * size, *dy = a->dy + sample * a->outHeight * a->outWidth * a->channels;
    f32 *out = a->out + sample * size;
    for (i32 at = 0; at < size; at++) out[at] = 0;
    for (i32 window = 0; window < a->outHeight * a->outWidth; window++, dy += a->channels) {
      const i32 top = window / a->outWidth * a->stepY - a->top, left = window % a->outWidth * a->stepX - a->left;
      const Range rows = {most(0, top), least(a->inHeight, top + a->filterHeight)};
      const Range columns = {most(0, left), least(a->inWidth, left + a->filterWidth)};
      for (i32 channel = 0; channel < a->channels; channel += lanes) {
        const i32 count = a->channels - channel;
        const i32s largest = largestPlace(x + channel, a, rows, columns, count);
        const f32s gradient = loadSome(dy + channel, count);
        i32s place = (i32s){0};
        for (i32 y = rows.begin; y < rows.end; y++)
          for (i32 at = columns.begin; at < columns.end; at++, place += 1) {
            f32 *to = out + (y * a->inWidth + at) * a->channels + channel;
            storeSome(to, loadSome(to, count) + (f32s)((i32s)gradient & (i32s)(largest == place)), count);
          }
      }
    }
  }
}
