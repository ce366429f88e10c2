// The kernels of `engine/backend/kernels` on the heap of tfjs's WebAssembly module, as a Node-API module: what
// `engine/backend/wasm` computes with where the processor has wider vectors than WebAssembly.
#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../kernels/columns.c"
#include "../kernels/convolution.c"
#include "../kernels/depthwise.c"
#include "../kernels/elementwise.c"
#include "../kernels/pooling.c"
#include "../kernels/winograd.c"
#include "../kernels/winogradGradient.c"
#include "exports.h"
#include "tasks.h"

namespace {

struct NamedKernel {
  const char *name;
  Kernel run;
  // How many pointers its arguments begin with.
  size_t pointers;
};

// `number` is the first field of the arguments that is no pointer.
#define NAMED(name, Arguments, number) \
  { #name, AsKernel<Arguments, name>, offsetof(Arguments, number) / sizeof(void *) }

const NamedKernel kKernels[] = {
    NAMED(pack, Pack, groups),
    NAMED(convolve, Convolve, taps),
    NAMED(filterGradient, FilterGradient, batch),
    NAMED(depthwiseInputGradient, Depthwise, batch),
    NAMED(depthwiseFilterGradient, Depthwise, batch),
    NAMED(maxPoolGradient, MaxPoolGradient, inHeight),
    NAMED(partialSums, ColumnParts, rows),
    NAMED(partialMoments, ColumnParts, rows),
    NAMED(totalSums, ColumnTotals, rows),
    NAMED(totalMoments, ColumnTotals, rows),
    NAMED(affine, Affine, rows),
    NAMED(addValues, Elementwise, count),
    NAMED(subtractValues, Elementwise, count),
    NAMED(multiplyValues, Elementwise, count),
    NAMED(relu, Elementwise, count),
    NAMED(reluGradient, Elementwise, count),
    NAMED(exponentials, Elementwise, count),
    NAMED(winogradFilter, WinogradFilter, rows),
    NAMED(winograd, Winograd, tiles),
    NAMED(winogradTiles, WinogradTiles, first),
    NAMED(winogradSums, WinogradSums, first),
    NAMED(winogradTaps, WinogradTaps, inChannels),
};
constexpr size_t kKernelCount = sizeof(kKernels) / sizeof(kKernels[0]);

constexpr size_t kMostWords = 64;

// A kernel's arguments, out of 32-bit words that have addresses on the heap for pointers; 0 is the null pointer.
class Arguments {
 public:
  Arguments(char *heap, const uint32_t *words, size_t count, size_t pointers) {
    for (size_t index = 0; index < pointers; index++)
      pointers_[index] = words[index] == 0 ? nullptr : heap + words[index];
    std::memcpy(pointers_ + pointers, words + pointers, (count - pointers) * sizeof(uint32_t));
  }
  const void *Address() const { return pointers_; }

 private:
  void *pointers_[kMostWords];
};

napi_value Fail(napi_env env, const char *message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

// The elements of a typed array, whose type must be `type`; null where it is something else.
template <typename Element>
Element *Elements(napi_env env, napi_value array, napi_typedarray_type type, size_t *count) {
  napi_typedarray_type found;
  void *data = nullptr;
  if (napi_get_typedarray_info(env, array, &found, count, &data, nullptr, nullptr) != napi_ok || found != type)
    return nullptr;
  return static_cast<Element *>(data);
}

// start(threads): how many threads kernels run on, the calling one included.
napi_value Start(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  int32_t threads = 0;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) != napi_ok ||
      napi_get_value_int32(env, argument, &threads) != napi_ok)
    return Fail(env, "start takes a number of threads");
  StartThreads(threads);
  return nullptr;
}

// run(heap, kernel, tasks, words, shared): does all tasks of a kernel, whose arguments are `words`; on all threads if
// `shared`, else here.
napi_value Run(napi_env env, napi_callback_info info) {
  size_t count = 5, heap_bytes = 0, word_count = 0;
  napi_value arguments[5];
  uint32_t index = 0;
  int32_t tasks = 0;
  bool shared = false;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok ||
      napi_get_value_uint32(env, arguments[1], &index) != napi_ok || index >= kKernelCount ||
      napi_get_value_int32(env, arguments[2], &tasks) != napi_ok ||
      napi_get_value_bool(env, arguments[4], &shared) != napi_ok)
    return Fail(env, "run takes a heap, a kernel, a number of tasks, words and whether threads share them");
  const NamedKernel &kernel = kKernels[index];
  char *heap = Elements<char>(env, arguments[0], napi_uint8_array, &heap_bytes);
  const uint32_t *words = Elements<uint32_t>(env, arguments[3], napi_int32_array, &word_count);
  if (heap == nullptr || words == nullptr || word_count < kernel.pointers || word_count > kMostWords)
    return Fail(env, "run takes bytes and 32-bit words");
  const Arguments own(heap, words, word_count, kernel.pointers);
  (shared ? RunTasks : RunHere)(kernel.run, own.Address(), tasks);
  return nullptr;
}

void Export(napi_env env, napi_value exports, const char *name, napi_value value) {
  napi_set_named_property(env, exports, name, value);
}

void ExportNumber(napi_env env, napi_value exports, const char *name, int32_t number) {
  napi_value value;
  if (napi_create_int32(env, number, &value) == napi_ok) Export(env, exports, name, value);
}

void ExportNames(napi_env env, napi_value exports) {
  napi_value names, name;
  if (napi_create_array_with_length(env, kKernelCount, &names) != napi_ok) return;
  for (size_t index = 0; index < kKernelCount; index++)
    if (napi_create_string_utf8(env, kKernels[index].name, NAPI_AUTO_LENGTH, &name) == napi_ok)
      napi_set_element(env, names, static_cast<uint32_t>(index), name);
  Export(env, exports, "names", names);
}

}  // namespace

NAPI_MODULE_INIT() {
  ExportFunction(env, exports, "start", Start);
  ExportFunction(env, exports, "run", Run);
  ExportNames(env, exports);
  ExportNumber(env, exports, "lanes", lanes);
  ExportNumber(env, exports, "tileRows", tileRows);
  return exports;
}
