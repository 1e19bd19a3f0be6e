//! Tests of the switch's parts, each against a plain oracle. Packets are switched in `dataplane/tests/switch/`.

mod classifier;
mod extract;
mod mac_table;
