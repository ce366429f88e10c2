// Training kernels, float32 and NHWC, compiled for three hosts: WebAssembly on the heap of tfjs's module
// (`setup/kernels.mjs`), the same heap from native code, and operations within TensorFlow (`engine/backend/native`).
// There is neither static data nor an allocator here. Every kernel is `name(arguments, begin, end, scratch)` and does
// its tasks begin to end; what a task is stands beside each. Tasks write to different places and each adds in a fixed
// order, so a result does not depend on how tasks are shared out. Pointers come first in a kernel's arguments. The
// sources are C and C++.

#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#endif

typedef float f32;
typedef int i32;

// Values that the processor takes at once, and rows of a matrix product that fit in its registers with two such columns.
#if defined(__AVX512F__)
enum { lanes = 16, tileRows = 8 };
#elif defined(__AVX2__)
enum { lanes = 8, tileRows = 6 };
#else
enum { lanes = 4, tileRows = 4 };
#endif

enum {
  panelColumns = 2 * lanes,
  channelTile = 16,
  // Of a thread's own memory, which kernels get as `scratch`, in values.
  scratchValues = 1 << 20,
};

typedef f32 f32s __attribute__((vector_size(4 * lanes)));
typedef i32 i32s __attribute__((vector_size(4 * lanes)));
typedef f32 looseF32s __attribute__((vector_size(4 * lanes), aligned(4)));

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

#ifdef __cplusplus
#define RESTRICT __restrict
#else
#define RESTRICT restrict
#endif

#ifdef __wasm__
#define KERNEL(name) __attribute__((export_name(#name))) void name
#elif defined(__cplusplus)
#define KERNEL(name) extern "C" void name
#else
#define KERNEL(name) void name
#endif

INLINE f32s load(const f32 *from) { return *(const looseF32s *)from; }
INLINE void store(f32 *to, f32s value) { *(looseF32s *)to = value; }
INLINE f32s splat(f32 value) { return value - (f32s){0}; }

// sum + a * b: rounded once where the module is compiled for processors that can, else twice.
INLINE f32s addProduct(f32s sum, f32s a, f32s b) {
#ifdef __wasm_relaxed_simd__
  return __builtin_wasm_relaxed_madd_f32x4(a, b, sum);
#else
  return sum + a * b;
#endif
}

// The bits of `yes` where those of the mask are set, else those of `no`.
INLINE f32s choose(i32s mask, f32s yes, f32s no) { return (f32s)(((i32s)yes & mask) | ((i32s)no & ~mask)); }

// NaN stays, as in tfjs.
INLINE f32s positive(f32s value) { return (f32s)((i32s)value & ~(i32s)(value < splat(0))); }

// The first `count` of the values there, without a look at the others; what is missing is zero.
#if defined(__AVX512F__)
INLINE f32s loadMasked(const f32 *from, i32 count) { return (f32s)_mm512_maskz_loadu_ps((1u << count) - 1, from); }
INLINE void storeMasked(f32 *to, f32s value, i32 count) { _mm512_mask_storeu_ps(to, (1u << count) - 1, value); }
#elif defined(__AVX2__)
INLINE __m256i firstLanes(i32 count) {
  const i32s places = {0, 1, 2, 3, 4, 5, 6, 7};
  return (__m256i)(places < (i32s){0} + count);
}
INLINE f32s loadMasked(const f32 *from, i32 count) { return (f32s)_mm256_maskload_ps(from, firstLanes(count)); }
INLINE void storeMasked(f32 *to, f32s value, i32 count) { _mm256_maskstore_ps(to, firstLanes(count), value); }
#else
INLINE f32s loadMasked(const f32 *from, i32 count) {
  f32s value = splat(0);
  for (i32 lane = 0; lane < count; lane++) value[lane] = from[lane];
  return value;
}
INLINE void storeMasked(f32 *to, f32s value, i32 count) {
  for (i32 lane = 0; lane < count; lane++) to[lane] = value[lane];
}
#endif

// The first `count` values, and zeros.
INLINE f32s loadSome(const f32 *from, i32 count) { return count >= lanes ? load(from) : loadMasked(from, count); }

INLINE void storeSome(f32 *to, f32s value, i32 count) {
  if (count >= lanes) store(to, value);
  else storeMasked(to, value, count);
}

// sums += the sum of `count` columns of `rows` values times as many rows of two vectors.
INLINE void addOuterProducts(const f32 *column, i32 columnStep, const f32 *row, i32 rowStep, i32 count, i32 rows,
                             f32s (*sums)[2]) {
  for (i32 at = 0; at < count; at++, column += columnStep, row += rowStep) {
    const f32s left = load(row), right = load(row + lanes);
    UNROLL for (i32 of = 0; of < rows; of++) {
      const f32s value = splat(column[of]);
      sums[of][0] = addProduct(sums[of][0], value, left);
      sums[of][1] = addProduct(sums[of][1], value, right);
    }
  }
}

INLINE i32 least(i32 a, i32 b) { return a < b ? a : b; }
INLINE i32 most(i32 a, i32 b) { return a > b ? a : b; }
INLINE i32 roundUp(i32 size, i32 step) { return (size + step - 1) / step * step; }

// The positions `i` in [0, count) for which 0 <= i * step + offset < size.
typedef struct {
  i32 begin, end;
} Range;

INLINE Range within(i32 count, i32 step, i32 offset, i32 size) {
  const i32 begin = offset < 0 ? (step - 1 - offset) / step : 0;
  const i32 last = size - 1 - offset;
  const Range range = {begin, last < 0 ? 0 : least(count, last / step + 1)};
  return range;
}
