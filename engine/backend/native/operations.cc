// TensorFlow operations out of the kernels of `engine/backend/kernels`, registered through TensorFlow's C API: the 3x3
// convolution of stride 1 and its two gradients by Winograd's F(4x4, 3x3). `engine/graph/winograd.ts` puts them into
// graphs. Maps are NHWC, filters [3, 3, in, out], all float32. `top` and `left` are how many pixels are padded there.
#include <node_api.h>
#include <tensorflow/c/kernels.h>
#include <tensorflow/c/ops.h>

#include <memory>
#include <vector>

#include "../kernels/winograd.c"
#include "../kernels/winogradGradient.c"
#include "exports.h"
#include "tasks.h"
#include "workspace.h"

namespace {

constexpr i32 kMostChannels = 1024;
// Tiles of a round of the filter's gradient: what they take stays in the caches.
constexpr i32 kRound = 192;
// Stands for what lies outside of maps.
alignas(64) f32 zeros[kMostChannels + panelColumns];

template <typename Arguments, void (*kernel)(const Arguments *, i32, i32, f32 *)>
void Run(const Arguments &arguments, i32 tasks) {
  RunTasks(AsKernel<Arguments, kernel>, &arguments, tasks);
}

struct Status {
  TF_Status *const status = TF_NewStatus();
  ~Status() { TF_DeleteStatus(status); }
  bool IsOk() const { return TF_GetCode(status) == TF_OK; }
};

// What an operation's attributes say.
struct Attributes {
  i32 top = 0, left = 0, height = 0, width = 0;
  TF_Bool relu = 0;
};

struct MapsShape {
  i32 batch, height, width, channels;
};

// One call of an operation: its inputs, until it ends.
class Call {
 public:
  explicit Call(TF_OpKernelContext *context) : context_(context), inputs_(TF_NumInputs(context), nullptr) {
    for (size_t index = 0; index < inputs_.size() && status_.IsOk(); index++)
      TF_GetInput(context, static_cast<int>(index), &inputs_[index], status_.status);
    if (!status_.IsOk()) TF_OpKernelContext_Failure(context, status_.status);
  }
  ~Call() {
    for (TF_Tensor *input : inputs_) TF_DeleteTensor(input);
    TF_DeleteTensor(output_);
  }

  bool IsOk() const { return status_.IsOk(); }

  void Fail(TF_Code code, const char *message) {
    TF_SetStatus(status_.status, code, message);
    TF_OpKernelContext_Failure(context_, status_.status);
  }

  MapsShape Shape(int index) const {
    const auto size = [tensor = inputs_[index]](int axis) { return static_cast<i32>(TF_Dim(tensor, axis)); };
    return {size(0), size(1), size(2), size(3)};
  }

  // Null for an input without values.
  const f32 *Values(int index) const {
    TF_Tensor *input = inputs_[index];
    return TF_TensorElementCount(input) > 0 ? static_cast<const f32 *>(TF_TensorData(input)) : nullptr;
  }

  f32 *Output(const MapsShape &shape) {
    const int64_t sizes[] = {shape.batch, shape.height, shape.width, shape.channels};
    const size_t bytes = sizes[0] * sizes[1] * sizes[2] * sizes[3] * sizeof(f32);
    output_ = TF_AllocateOutput(context_, 0, TF_FLOAT, sizes, 4, bytes, status_.status);
    if (status_.IsOk()) return static_cast<f32 *>(TF_TensorData(output_));
    TF_OpKernelContext_Failure(context_, status_.status);
    return nullptr;
  }

  // Whether two inputs are what the kernels can take.
  bool Takes(int maps, int other) {
    if (TF_NumDims(inputs_[maps]) == 4 && TF_NumDims(inputs_[other]) == 4 &&
        Shape(maps).channels <= kMostChannels && Shape(other).channels <= kMostChannels)
      return true;
    Fail(TF_INVALID_ARGUMENT, "maps and filters have four axes and at most 1024 channels");
    return false;
  }

 private:
  TF_OpKernelContext *const context_;
  Status status_;
  std::vector<TF_Tensor *> inputs_;
  TF_Tensor *output_ = nullptr;
};

i32 Tiles(i32 size) { return (size + outputSide - 1) / outputSide; }

size_t Matrices(i32 rows, i32 columns) { return static_cast<size_t>(places) * matrixStep(rows, columns); }

// A convolution of such maps to such others, padded at the top and left; without its values.
Winograd Between(const MapsShape &from, const MapsShape &to, i32 top, i32 left) {
  Winograd operation = {};
  operation.inHeight = from.height;
  operation.inWidth = from.width;
  operation.inChannels = from.channels;
  operation.outHeight = to.height;
  operation.outWidth = to.width;
  operation.outChannels = to.channels;
  operation.top = top;
  operation.left = left;
  return operation;
}

// `filter` as the kernel reads it for these maps; `operation` lacks what is found out here.
void Convolve(Call &call, WinogradFilter filter, Winograd operation, i32 batch) {
  const i32 columns = roundUp(filter.columns, panelColumns);
  Workspace workspace(Matrices(filter.rows, columns));
  filter.to = workspace.Take(Matrices(filter.rows, columns));
  if (filter.to == nullptr) return call.Fail(TF_RESOURCE_EXHAUSTED, "no memory is left for a convolution");
  operation.filter = filter.to;
  operation.zeros = zeros;
  operation.tilesDown = Tiles(operation.outHeight);
  operation.tilesAcross = Tiles(operation.outWidth);
  operation.tiles = batch * operation.tilesDown * operation.tilesAcross;
  Run<WinogradFilter, winogradFilter>(filter, columns / panelColumns);
  Run<Winograd, winograd>(operation, (operation.tiles + tilesPerTask - 1) / tilesPerTask);
}

// x, filter, bias and residual to the convolution + bias + residual, then ReLU if asked for; bias and residual may be
// without values.
void Forward(Call &call, const Attributes &is) {
  if (!call.Takes(0, 1)) return;
  const MapsShape x = call.Shape(0), filter = call.Shape(1);
  const MapsShape y = {x.batch, is.height, is.width, filter.channels};
  f32 *out = call.Output(y);
  if (out == nullptr) return;
  Winograd operation = Between(x, y, is.top, is.left);
  operation.x = call.Values(0);
  operation.bias = call.Values(2);
  operation.residual = call.Values(3);
  operation.out = out;
  operation.relu = is.relu;
  Convolve(call, {call.Values(1), nullptr, x.channels, y.channels, 0}, operation, x.batch);
}

// dy and filter to the gradient of the input, which has the given height and width.
void InputGradient(Call &call, const Attributes &is) {
  if (!call.Takes(0, 1)) return;
  const MapsShape dy = call.Shape(0), filter = call.Shape(1);
  const MapsShape dx = {dy.batch, is.height, is.width, filter.width};
  f32 *out = call.Output(dx);
  if (out == nullptr) return;
  const i32 last = filterSide - 1;
  Winograd operation = Between(dy, dx, last - is.top, last - is.left);
  operation.x = call.Values(0);
  operation.out = out;
  Convolve(call, {call.Values(1), nullptr, dy.channels, dx.channels, 1}, operation, dy.batch);
}

// x and dy to the gradient of the filter.
void FilterGradient(Call &call, const Attributes &is) {
  if (!call.Takes(0, 1)) return;
  const MapsShape x = call.Shape(0), dy = call.Shape(1);
  f32 *out = call.Output({filterSide, filterSide, x.channels, dy.channels});
  if (out == nullptr) return;
  const i32 down = Tiles(dy.height), across = Tiles(dy.width), tiles = dy.batch * down * across;
  const i32 width = roundUp(x.channels, lanes), columns = roundUp(dy.channels, panelColumns);
  const size_t sizes[] = {Matrices(kRound, width), Matrices(kRound, columns), Matrices(width, columns)};
  Workspace workspace(sizes[0] + sizes[1] + sizes[2]);
  f32 *inputs = workspace.Take(sizes[0]), *gradients = workspace.Take(sizes[1]), *sums = workspace.Take(sizes[2]);
  if (sums == nullptr) return call.Fail(TF_RESOURCE_EXHAUSTED, "no memory is left for a filter's gradient");
  const i32 blocks = (width + rowsPerTask - 1) / rowsPerTask;
  for (i32 first = 0; first < tiles; first += kRound) {
    const i32 count = least(kRound, tiles - first);
    Run<WinogradTiles, winogradTiles>(
        {call.Values(0), call.Values(1), zeros, inputs, gradients, first, kRound, down, across, x.height, x.width,
         x.channels, dy.height, dy.width, dy.channels, is.top, is.left},
        count);
    Run<WinogradSums, winogradSums>({inputs, gradients, sums, first, count, kRound, x.channels, dy.channels},
                                    places * blocks);
  }
  Run<WinogradTaps, winogradTaps>({sums, out, x.channels, dy.channels}, x.channels);
}

void *ReadAttributes(TF_OpKernelConstruction *construction) {
  Status status;
  auto read = std::make_unique<Attributes>();
  const auto number = [&](const char *name, i32 *value) {
    if (status.IsOk()) TF_OpKernelConstruction_GetAttrInt32(construction, name, value, status.status);
  };
  number("top", &read->top);
  number("left", &read->left);
  number("height", &read->height);
  number("width", &read->width);
  if (status.IsOk()) TF_OpKernelConstruction_GetAttrBool(construction, "relu", &read->relu, status.status);
  if (!status.IsOk()) TF_OpKernelConstruction_Failure(construction, status.status);
  return read.release();
}

template <void (*operation)(Call &, const Attributes &)>
void Compute(void *attributes, TF_OpKernelContext *context) {
  Call call(context);
  if (call.IsOk()) operation(call, *static_cast<Attributes *>(attributes));
}

void DeleteAttributes(void *attributes) { delete static_cast<Attributes *>(attributes); }

void UnknownShape(TF_ShapeInferenceContext *context, TF_Status *status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

using ComputeFunction = void (*)(void *, TF_OpKernelContext *);

void Register(const char *name, std::vector<const char *> inputs, ComputeFunction compute, TF_Status *status) {
  TF_OpDefinitionBuilder *definition = TF_NewOpDefinitionBuilder(name);
  for (const char *input : inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  TF_OpDefinitionBuilderAddOutput(definition, "result: float");
  for (const char *attribute : {"top: int", "left: int", "height: int = 0", "width: int = 0", "relu: bool = false"})
    TF_OpDefinitionBuilderAddAttr(definition, attribute);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, UnknownShape);
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) != TF_OK) return;
  TF_KernelBuilder *kernel = TF_NewKernelBuilder(name, "CPU", ReadAttributes, compute, DeleteAttributes);
  TF_RegisterKernelBuilder(name, kernel, status);
}

// Registers the operations; takes how many threads compute. Throws TensorFlow's reason where it refuses.
napi_value RegisterAll(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  i32 threads = 1;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) != napi_ok ||
      napi_get_value_int32(env, argument, &threads) != napi_ok) {
    napi_throw_type_error(env, nullptr, "register takes a number of threads");
    return nullptr;
  }
  StartThreads(threads);
  Status status;
  const auto add = [&](const char *name, std::vector<const char *> inputs, ComputeFunction compute) {
    if (status.IsOk()) Register(name, inputs, compute, status.status);
  };
  add("WinogradConv2D", {"x: float", "filter: float", "bias: float", "residual: float"}, Compute<Forward>);
  add("WinogradConv2DBackpropInput", {"dy: float", "filter: float"}, Compute<InputGradient>);
  add("WinogradConv2DBackpropFilter", {"x: float", "dy: float"}, Compute<FilterGradient>);
  if (!status.IsOk()) napi_throw_error(env, nullptr, TF_Message(status.status));
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  ExportFunction(env, exports, "register", RegisterAll);
  return exports;
}
