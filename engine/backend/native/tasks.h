// Runs the kernels of `engine/backend/kernels` on the threads of this machine.
#pragma once

#include "../kernels/kernels.h"

using Kernel = void (*)(const void *arguments, i32 begin, i32 end, f32 *scratch);

// A kernel whose arguments have a type, as one of those above.
template <typename Arguments, void (*kernel)(const Arguments *, i32, i32, f32 *)>
void AsKernel(const void *arguments, i32 begin, i32 end, f32 *scratch) {
  kernel(static_cast<const Arguments *>(arguments), begin, end, scratch);
}

// How many threads work on a kernel, the calling one included; counts from the first call on.
void StartThreads(i32 count);

// Does tasks 0 to `tasks` of a kernel on the calling thread and those that are free. May be called by several threads.
void RunTasks(Kernel kernel, const void *arguments, i32 tasks);

// Does them all on the calling thread: for what is done before others would have woken.
void RunHere(Kernel kernel, const void *arguments, i32 tasks);
