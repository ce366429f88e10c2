// Put before every source of the prebuilt modules, so that they load wherever Node 20 does: glibc 2.28 and the libstdc++
// of GCC 8. A newer compiler would otherwise ask for what only newer libraries have.
#include <new>

#include <bits/functexcept.h>

namespace std {
__attribute__((weak, visibility("hidden"))) void __throw_bad_array_new_length() { throw bad_alloc(); }
}  // namespace std

#if defined(__x86_64__)
__asm__(".symver dlopen,dlopen@GLIBC_2.2.5");
__asm__(".symver dlerror,dlerror@GLIBC_2.2.5");
#elif defined(__aarch64__)
__asm__(".symver dlopen,dlopen@GLIBC_2.17");
__asm__(".symver dlerror,dlerror@GLIBC_2.17");
#endif
