/* Variable arguments for every processor: mingw-w64's know no ARM64 outside of its own compilers. */
#pragma once

#include <_mingw.h>

#define _VA_LIST_DEFINED
typedef char *va_list;

#define _crt_va_start(list, last) __builtin_va_start(list, last)
#define _crt_va_arg(list, type) __builtin_va_arg(list, type)
#define _crt_va_end(list) __builtin_va_end(list)
#define _crt_va_copy(to, from) __builtin_va_copy(to, from)
