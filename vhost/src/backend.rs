//! The other end of a virtio-user port, as it is before the port connects.

use crate::RingFormat;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long the other end may take for its answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// `GET_FEATURES`, in the protocol's version, without anything that follows.
const QUESTION: [u32; 3] = [1, 1, 0];
/// The answer: the same three words and the features.
const ANSWER: usize = 20;

/// Which rings a virtio-user port has that connects to a socket: the driver does not say, and takes packed ones if it was told
/// so and the other end has them. So that is asked for what it has, and left again.
///
/// # Errors
/// Nobody listens there, or nobody answers in time.
///
/// Source: QEMU, `docs/interop/vhost-user.rst`, "Communication".
pub fn ring_format(path: &str, wants_packed: bool) -> io::Result<RingFormat> {
    if !wants_packed {
        return Ok(RingFormat::Split);
    }
    let mut socket = UnixStream::connect(path)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.write_all(&QUESTION.map(u32::to_ne_bytes).concat())?;
    let mut answer = [0; ANSWER];
    socket.read_exact(&mut answer)?;
    let features = answer.last_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes));
    Ok(RingFormat::of(features))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn the_other_end_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock").display().to_string();
        assert!(ring_format(&path, true).is_err());
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(ring_format(&path, false).unwrap(), RingFormat::Split);
        for (features, format) in [(1_u64 << 34, RingFormat::Packed), (1 << 32, RingFormat::Split)]
        {
            let asked = std::thread::scope(|scope| {
                let answer = scope.spawn(|| {
                    let (mut socket, _) = listener.accept().unwrap();
                    let mut question = [0; 12];
                    socket.read_exact(&mut question).unwrap();
                    let header = [1_u32, 5, 8].map(u32::to_ne_bytes).concat();
                    socket.write_all(&[header, features.to_ne_bytes().to_vec()].concat()).unwrap();
                    question
                });
                assert_eq!(ring_format(&path, true).unwrap(), format);
                answer.join().unwrap()
            });
            assert_eq!(asked, [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        }
    }
}
