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

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    /// `events.c` is of use only if the loader finds its functions before EAL's.
    #[test]
    fn drivers_find_the_functions_in_front_of_eals() {
        let names = [
            c"rte_intr_callback_register",
            c"rte_intr_callback_unregister",
            c"rte_intr_instance_free",
        ];
        unsafe {
            // Has EAL and the functions linked.
            assert!(!super::rte_version().is_null());
            super::pw_before_unregister(None);
            for name in names {
                let found = libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr());
                let mut whose = std::mem::zeroed::<libc::Dl_info>();
                assert_ne!(libc::dladdr(found, &mut whose), 0);
                let file = CStr::from_ptr(whose.dli_fname).to_str().unwrap();
                assert!(!file.contains("librte"), "{name:?} is {file}'s");
            }
        }
    }
}
