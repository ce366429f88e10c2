// Training kernels for tfjs's wasm backend, float32 and NHWC. They run on the heap of its module: the memory is
// imported, and there is neither static data nor an allocator here. Every kernel is `name(arguments, begin, end)` and does
// its tasks begin to end; what a task is stands beside each. Tasks write to different places and each adds in a fixed
// order, so a result does not depend on how tasks are shared out. `setup/kernels.mjs` compiles these files.

#pragma once

typedef float f32;
typedef int i32;
typedef f32 f32x4 __attribute__((vector_size(16)));
typedef i32 i32x4 __attribute__((vector_size(16)));
typedef f32 looseF32x4 __attribute__((vector_size(16), aligned(4)));

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define KERNEL(name) __attribute__((export_name(#name))) void name

enum { channelTile = 16 };

INLINE f32x4 load(const f32 *from) { return *(const looseF32x4 *)from; }
INLINE void store(f32 *to, f32x4 value) { *(looseF32x4 *)to = value; }
INLINE f32x4 splat(f32 value) { return (f32x4){value, value, value, value}; }

// sum + a * b: rounded once where the module is compiled for processors that can, else twice.
INLINE f32x4 addProduct(f32x4 sum, f32x4 a, f32x4 b) {
#ifdef __wasm_relaxed_simd__
  return __builtin_wasm_relaxed_madd_f32x4(a, b, sum);
#else
  return sum + a * b;
#endif
}

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
