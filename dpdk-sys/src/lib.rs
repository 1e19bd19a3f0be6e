//! Raw bindings to the system's libdpdk.
//!
//! Declarations are generated from the installed headers, so they fit the library that will be loaded; DPDK's static
//! inlines cross through the shim (`shim.h`). Nothing here is clever: the `dataplane` crate gives these names an
//! owner, a lifetime and an error type.
//!
//! DPDK 22.11 up to the newest LTS; what differs between releases stands in `compat.h` alone.

#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals
)]
#![allow(clippy::all, clippy::undocumented_unsafe_blocks, clippy::missing_safety_doc)]

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
