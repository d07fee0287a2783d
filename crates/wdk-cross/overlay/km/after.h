/* Included behind the driver headers: what is newer than mingw-w64's, or missing there. */
#pragma once

/* Pool allocation by flags (Windows 10, version 2004). The flags themselves are constants of wdk-sys. */
typedef ULONG64 POOL_FLAGS;

PVOID NTAPI ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag);
