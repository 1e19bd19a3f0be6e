//! `io`: forwards packets as they are.
//!
//! ```text
//! before  dst=D src=S …
//! after   dst=D src=S …      not a byte changes, and none is read
//! ```

use super::{Made, StreamContext};

/// No mode at all: the stream hands its bursts from source to sink, and spares the call.
pub(super) fn make(_stream: &StreamContext<'_>) -> Made {
    Ok(None)
}
