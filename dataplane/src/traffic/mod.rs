//! The generator: stamped, numbered packets, and the account of those that come back.
