//! Header views over bytes, checksums and the flow hash. No accessor can panic, whatever the bytes.
