/* Included ahead of the driver headers: what mingw-w64 lacks, or has in a form that the bindings cannot use. */
#pragma once

/* ARM64 takes the way of 32-bit ARM through these headers, which know no other; armddk.h is the overlay's own. */
#ifdef _ARM64_
#include <_mingw.h>
#define _M_ARM
#endif

#define C_ASSERT(condition) _Static_assert(condition, #condition)

/* ntdef.h has a user-mode REPARSE_DATA_BUFFER that collides with that of ntifs.h: take it out of the way. */
#define _REPARSE_DATA_BUFFER _USER_REPARSE_DATA_BUFFER
#define REPARSE_DATA_BUFFER USER_REPARSE_DATA_BUFFER
#define PREPARSE_DATA_BUFFER PUSER_REPARSE_DATA_BUFFER
#include <ntdef.h>
#undef _REPARSE_DATA_BUFFER
#undef REPARSE_DATA_BUFFER
#undef PREPARSE_DATA_BUFFER

/* As an address computed from a null pointer it is no constant. */
#undef FIELD_OFFSET
#define FIELD_OFFSET(type, field) ((LONG)__builtin_offsetof(type, field))

/* Inline functions here and exports in the WDK: renamed while the headers are read, declared in after.h. */
#define KeGetCurrentIrql inline_KeGetCurrentIrql
#define KfRaiseIrql inline_KfRaiseIrql
#define KeLowerIrql inline_KeLowerIrql
#define KeInitializeSpinLock inline_KeInitializeSpinLock
