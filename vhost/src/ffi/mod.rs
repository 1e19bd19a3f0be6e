//! What crosses to librte_vhost, and a guest's memory. All of this crate's `unsafe` is here.
#![allow(unsafe_code)]

pub(crate) mod calls;
pub(crate) mod connections;
pub(crate) mod events;
pub(crate) mod faults;
pub(crate) mod memory;
