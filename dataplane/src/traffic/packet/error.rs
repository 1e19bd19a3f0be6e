//! Why packets cannot be built.

use crate::traffic::spec::FRAME_SIZES;

/// Why no packet can be built. Each says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The frame is smaller than Ethernet's smallest or larger than a jumbo frame.
    #[error(
        "a frame of {0} bytes cannot be sent: give a frame size from {start} to {end} bytes, \
         the 4 bytes of the frame check sequence included",
        start = FRAME_SIZES.start(),
        end = FRAME_SIZES.end()
    )]
    FrameSize(u16),
    /// The headers and the probe need more.
    #[error(
        "a frame of {size} bytes is too small for {headers}: with the probe behind them and the frame check sequence they \
         take {need} bytes; give a size of {need} or more, or fewer headers"
    )]
    BelowHeaders {
        /// The smallest frame asked for.
        size: u16,
        /// The headers, joined.
        headers: String,
        /// The smallest that holds them.
        need: usize,
    },
    /// The sizes of a span are in the wrong order.
    #[error(
        "sizes from {from} to {to} by {step} are none: write the smaller first, and a step of 1 or more"
    )]
    Span {
        /// The first.
        from: u16,
        /// The last.
        to: u16,
        /// From one to the next.
        step: u16,
    },
    /// An IMIX without packets, or too long a one.
    #[error("an IMIX of {total} packets cannot be sent: give weights that add up to 1 to {most}")]
    Weights {
        /// The weights' sum.
        total: u32,
        /// The most it may be.
        most: u32,
    },
    /// A header stands where it cannot.
    #[error("{before} cannot carry {layer}: {mend}")]
    Order {
        /// What stands before it.
        before: &'static str,
        /// The header.
        layer: &'static str,
        /// What can stand there.
        mend: &'static str,
    },
    /// Too many headers with checksums.
    #[error("more than {0} checksums in a packet are not kept: leave out some of its IP headers")]
    Checksums(usize),
    /// A value does not fit into its field.
    #[error("{layer}'s {field} cannot be {value}: it is of {bits} bits, so give at most {most}")]
    Value {
        /// The header.
        layer: &'static str,
        /// The field.
        field: &'static str,
        /// The value.
        value: u128,
        /// The field's bits.
        bits: u32,
        /// The largest.
        most: u128,
    },
    /// A field without values.
    #[error(
        "{layer}'s {field} has no values: list one or more, or give a count and an every of 1 or more"
    )]
    Empty {
        /// The header.
        layer: &'static str,
        /// The field.
        field: &'static str,
    },
}
