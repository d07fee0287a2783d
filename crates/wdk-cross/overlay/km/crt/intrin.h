/* Empty: the bindings need no compiler intrinsics, and mingw-w64's do not compile for the MSVC environment. */
#pragma once
