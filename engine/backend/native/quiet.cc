// TensorFlow's libraries write two lines to standard error while they are being loaded, before any setting of theirs is
// read. This module turns standard error to the null device for that moment.
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

static int saved = -1;

static napi_value Silence(napi_env, napi_callback_info) {
  const int null_device = open("/dev/null", O_WRONLY);
  if (saved >= 0 || null_device < 0) return nullptr;
  saved = dup(STDERR_FILENO);
  if (saved >= 0) dup2(null_device, STDERR_FILENO);
  close(null_device);
  return nullptr;
}

static napi_value Restore(napi_env, napi_callback_info) {
  if (saved < 0) return nullptr;
  dup2(saved, STDERR_FILENO);
  close(saved);
  saved = -1;
  return nullptr;
}

static void Export(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) == napi_ok) {
    napi_set_named_property(env, exports, name, function);
  }
}

NAPI_MODULE_INIT() {
  Export(env, exports, "silence", Silence);
  Export(env, exports, "restore", Restore);
  return exports;
}
