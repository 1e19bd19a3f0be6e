//! Forwarding modes: one mode, one file, and the table of them.
