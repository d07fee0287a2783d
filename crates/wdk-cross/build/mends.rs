//! Where mingw-w64's driver headers differ from the WDK's in a way that no header on top can set right.

/// A replacement of every occurrence of one text in one header.
pub(crate) struct Mend {
    /// What the mend achieves, as the end of a sentence.
    pub(crate) so_that: &'static str,
    pub(crate) find: &'static str,
    pub(crate) put: &'static str,
}

/// The headers (below ddk/) and their mends.
pub(crate) const MENDS: &[(&str, &[Mend])] = &[(
    "wdm.h",
    &[
        Mend {
            so_that: "ARM64 packs records and keeps obsolete fields no more than x86-64 does",
            find: "#if !defined(_AMD64_) && !defined(_IA64_)",
            put: "#if !defined(_WIN64)",
        },
        Mend {
            so_that: "ARM64 has the spin locks of the 64-bit kernels",
            find: "#if !defined(_X86_) && !defined(_M_ARM)",
            put: "#if !defined(_X86_)",
        },
        Mend {
            so_that: "XSTATE_SAVE, of which ARM64 has no use, is not empty there",
            find: "#elif defined(_IA64_)\n  ULONG Dummy;",
            put: "#elif defined(_IA64_) || defined(_ARM64_)\n  ULONG Dummy;",
        },
        Mend {
            so_that: "DEVICE_OBJECT is aligned to 16 bytes (336 of them, not 328)",
            find: "typedef struct _DEVICE_OBJECT {",
            put: "typedef struct __declspec(align(16)) _DEVICE_OBJECT {",
        },
        Mend {
            so_that: "IRP is aligned to 16 bytes",
            find: "typedef struct _IRP {",
            put: "typedef struct __declspec(align(16)) _IRP {",
        },
        Mend {
            so_that: "SCATTER_GATHER_LIST ends where its elements begin",
            find: "  SCATTER_GATHER_ELEMENT Elements[1];",
            put: "  SCATTER_GATHER_ELEMENT Elements[];",
        },
        Mend {
            so_that: "PO_FX_COMPONENT is that of version 1, as it is unless a driver asks for another",
            find: "#define PO_FX_VERSION PO_FX_VERSION_V2",
            put: "#define PO_FX_VERSION PO_FX_VERSION_V1",
        },
        Mend {
            so_that: "DEVICE_DESCRIPTION has the fields of version 3 (64 bytes, not 40)",
            find: "  ULONG DmaPort;\n} DEVICE_DESCRIPTION,",
            put: "  ULONG DmaPort;\n  ULONG DmaAddressWidth;\n  ULONG DmaControllerInstance;\n  \
                  ULONG DmaRequestLine;\n  PHYSICAL_ADDRESS DeviceAddress;\n} DEVICE_DESCRIPTION,",
        },
    ],
)];
