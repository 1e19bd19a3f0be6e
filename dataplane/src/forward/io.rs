//! `io`: forwards packets as they are.
//!
//! ```text
//! before  dst=D src=S …
//! after   dst=D src=S …      not a byte changes, and none is read
//! ```

use super::{Context, Mode};
use crate::batch::Batch;

/// Forwards packets as they are.
pub struct Io;

impl Mode for Io {
    #[inline]
    fn process(&mut self, _batch: &mut Batch, _context: &mut Context<'_>) {}
}
