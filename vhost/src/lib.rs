//! vhost-user ports for containers and guests.
//!
//! Empty for now: ports named `vhost:PATH` run on DPDK's `net_vhost` device, which the `dataplane` crate drives like any
//! other port. This crate is the place where sockets, guests that come and go, and figures per vring will live,
//! because they need the vhost library itself and not a port.
