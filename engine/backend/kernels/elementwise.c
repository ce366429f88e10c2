#include "kernels.h"

// out[i] of x[i] and y[i], where there is a y. A task is `block` values.
typedef struct {
  const f32 *x, *y;
  f32 *out;
  i32 count, block;
} Elementwise;

#define EACH_VALUE(value)                                               \
  const i32 last = least(end * a->block, a->count);                     \
  for (i32 at = begin * a->block; at < last; at += lanes) {             \
    const i32 count = last - at;                                        \
    const f32s x = loadSome(a->x + at, count);                          \
    storeSome(a->out + at, value, count);                               \
  }
#define Y loadSome(a->y + at, count)

KERNEL(addValues)(const Elementwise *a, i32 begin, i32 end, f32 *scratch) { EACH_VALUE(x + Y) }
KERNEL(subtractValues)(const Elementwise *a, i32 begin, i32 end, f32 *scratch) { EACH_VALUE(x - Y) }
KERNEL(multiplyValues)(const Elementwise *a, i32 begin, i32 end, f32 *scratch) { EACH_VALUE(x * Y) }

KERNEL(relu)(const Elementwise *a, i32 begin, i32 end, f32 *scratch) { EACH_VALUE(positive(x)) }

// y where x is greater than zero, else 0.
KERNEL(reluGradient)(const Elementwise *a, i32 begin, i32 end, f32 *scratch) {
  EACH_VALUE((f32s)((i32s)Y & (i32s)(x > splat(0))))
}

// 2^n for whole n from -126 to 127.
INLINE f32s power(i32s n) { return (f32s)((n + 127) << 23); }

// e^x as 2^n * e^r with |r| <= ln(2) / 2; Cephes' coefficients. Adding `shift` rounds to a whole number, which then stands
// in the last bits. n is halved, so that neither large nor subnormal results are lost on the way. NaN stays.
INLINE f32s exponential(f32s x) {
  const f32 shift = 12582912, highest = 89, lowest = -104;
  f32s inside = choose((i32s)(x > splat(highest)), splat(highest), x);
  inside = choose((i32s)(x < splat(lowest)), splat(lowest), inside);
  const f32s shifted = inside * 1.44269504088896341f + shift, whole = shifted - shift;
  const f32s r = (inside - whole * 0.693359375f) - whole * -2.12194440e-4f;
  f32s sum = splat(1.9875691500e-4f);
  sum = addProduct(splat(1.3981999507e-3f), sum, r);
  sum = addProduct(splat(8.3334519073e-3f), sum, r);
  sum = addProduct(splat(4.1665795894e-2f), sum, r);
  sum = addProduct(splat(1.6666665459e-1f), sum, r);
  sum = addProduct(splat(5.0000001201e-1f), sum, r);
  sum = addProduct(r + 1, sum, r * r);
  const i32s n = (i32s)shifted - (i32s)splat(shift), half = n >> 1;
  return choose((i32s)(x == x), sum * power(half) * power(n - half), x);
}

KERNEL(exponentials)(const Elementwise *a, i32 begin, i32 end, f32 *scratch) { EACH_VALUE(exponential(x)) }
