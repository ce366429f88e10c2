// TensorFlow's libraries write two lines to standard error while they are being loaded, before any setting of theirs is
// read. This module turns standard error to the null device for that moment. It also opens those libraries by path for a
// prebuilt binding, which names them without a place: what is open already is found by its name.
#include <dlfcn.h>
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

#include <string>

#include "exports.h"

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

// Opens the library at a path; throws the loader's own message.
static napi_value OpenLibrary(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  size_t length = 0;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) != napi_ok ||
      napi_get_value_string_utf8(env, argument, nullptr, 0, &length) != napi_ok) {
    napi_throw_type_error(env, nullptr, "openLibrary takes a path");
    return nullptr;
  }
  std::string path(length + 1, '\0');
  napi_get_value_string_utf8(env, argument, &path[0], path.size(), &length);
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
    const char *reason = dlerror();
    napi_throw_error(env, nullptr, reason == nullptr ? "the library does not load" : reason);
  }
  return nullptr;
}

NAPI_MODULE_INIT() {
  ExportFunction(env, exports, "silence", Silence);
  ExportFunction(env, exports, "restore", Restore);
  ExportFunction(env, exports, "openLibrary", OpenLibrary);
  return exports;
}
