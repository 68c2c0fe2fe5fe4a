//! Standard input, which may be inherited, somebody else's, or open for ever.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use aitk_shared::limits::HOOK_INPUT_BYTES;

/// For an agent that announced an event, in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// For the first byte of an event that nobody announced: agents write at once.
const GLANCE: Duration = Duration::from_millis(200);
/// A whole JSON document after which nothing came for so long is taken, though the pipe stays open.
const QUIET: Duration = Duration::from_millis(50);

/// The event that an agent announced; empty where none came.
pub fn announced() -> Result<Vec<u8>, String> {
    if io::stdin().is_terminal() { Ok(Vec::new()) } else { read(PATIENCE, Start::Any) }
}

/// What looks like an event, though nobody announced one; empty where standard input is something
/// else, which is left to whoever reads it.
pub fn noticed() -> Result<Vec<u8>, String> {
    if io::stdin().is_terminal() || starts_otherwise() { Ok(Vec::new()) } else { read(GLANCE, Start::Object) }
}

/// What input has to look like to be read on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Any,
    /// `{`, perhaps after spaces; anything else is somebody else's input and is left alone.
    Object,
}

/// Whether standard input is a file of something else than an event. It is only peeked at: whoever
/// reads on after us must find all of it.
fn starts_otherwise() -> bool {
    #[cfg(unix)]
    {
        use std::io::Seek;
        use std::os::fd::AsFd;
        use std::os::unix::fs::FileExt;
        let Ok(mut file) = io::stdin().as_fd().try_clone_to_owned().map(File::from) else { return false };
        if file.metadata().is_ok_and(|meta| meta.is_file()) {
            let mut start = [0; 64];
            let read = file.stream_position().and_then(|at| file.read_at(&mut start, at)).unwrap_or(0);
            return start[..read].trim_ascii_start().first() != Some(&b'{');
        }
    }
    false
}

/// Reads standard input to its end, within the bounds of size and time.
fn read(patience: Duration, start: Start) -> Result<Vec<u8>, String> {
    let (sender, parts) = channel();
    // The thread may wait for ever; it ends with the process.
    std::thread::spawn(move || match unbuffered() {
        Ok(input) if start == Start::Object && pipes_otherwise(&input) => {}
        Ok(input) => pour(input, start, &sender),
        Err(error) => drop(sender.send(Err(error))),
    });
    collect(&parts, patience)
}

/// Sends what comes in, part by part, and an empty part at the end. Of input that does not start
/// as it should no more than one byte is taken (a socket cannot be peeked at).
fn pour(mut input: impl Read, start: Start, sender: &Sender<io::Result<Vec<u8>>>) {
    let mut buffer = vec![0; 64 * 1024];
    let mut begun = start == Start::Any;
    loop {
        let room = if begun { buffer.len() } else { 1 };
        let mut part = input.read(&mut buffer[..room]).map(|n| buffer[..n].to_vec());
        if let Ok(byte) = &mut part
            && !begun
        {
            begun = byte == b"{";
            if !begun && !byte.trim_ascii().is_empty() {
                byte.clear();
            }
        }
        if part.as_ref().is_err_and(|error| error.kind() == ErrorKind::Interrupted) {
            continue;
        }
        let ended = !part.as_ref().is_ok_and(|bytes| !bytes.is_empty());
        if sender.send(part).is_err() || ended {
            return;
        }
    }
}

/// Standard input without a buffer, which would swallow what is not ours.
#[cfg(unix)]
fn unbuffered() -> io::Result<File> {
    std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned().map(File::from)
}

#[cfg(not(unix))]
fn unbuffered() -> io::Result<io::Stdin> {
    Ok(io::stdin())
}

/// Waits for a pipe's first bytes; whether they start something else than an event. Takes none.
#[cfg(target_os = "linux")]
fn pipes_otherwise(input: &File) -> bool {
    use rustix::pipe::{SpliceFlags, tee};
    let Ok((mut copy, end)) = io::pipe() else { return false };
    let mut start = [0; 64];
    // Fails for all but pipes.
    match tee(input, &end, start.len(), SpliceFlags::empty()) {
        Ok(read) if read > 0 => {
            let read = copy.read(&mut start[..read]).unwrap_or(0);
            start[..read].trim_ascii_start().first() != Some(&b'{')
        }
        _ => false,
    }
}

#[cfg(not(target_os = "linux"))]
fn pipes_otherwise<T>(_: &T) -> bool {
    false
}

fn collect(parts: &Receiver<io::Result<Vec<u8>>>, patience: Duration) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let begun = Instant::now();
    let mut end = begun + patience;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let wait = if bytes.is_empty() { left } else { left.min(QUIET) };
        match parts.recv_timeout(wait) {
            Ok(Ok(part)) if part.is_empty() => return Ok(bytes),
            Ok(Ok(part)) => {
                // Whoever began to write an event gets the time to finish it.
                if bytes.is_empty() {
                    end = begun + PATIENCE;
                }
                bytes.extend(part);
                if bytes.len() as u64 > HOOK_INPUT_BYTES {
                    return Err(format!("the hook event is larger than {} MiB", HOOK_INPUT_BYTES >> 20));
                }
            }
            Ok(Err(error)) => return Err(format!("cannot read the hook event: {error}")),
            Err(RecvTimeoutError::Disconnected) => return Ok(bytes),
            Err(RecvTimeoutError::Timeout) => {
                let whole = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
                if whole || Instant::now() >= end {
                    return Ok(bytes);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(parts: Vec<io::Result<Vec<u8>>>, open: bool) -> Result<Vec<u8>, String> {
        let (sender, receiver) = channel();
        parts.into_iter().for_each(|part| sender.send(part).unwrap());
        let sender = open.then_some(sender);
        let bytes = collect(&receiver, Duration::from_millis(20));
        drop(sender);
        bytes
    }

    #[test]
    fn input_is_read_to_its_end() {
        let parts = || vec![Ok(b"{\"a\"".to_vec()), Ok(b":1}".to_vec())];
        assert_eq!(collected(parts(), false).unwrap(), b"{\"a\":1}");
        assert_eq!(collected(vec![], false).unwrap(), b"");
        assert!(collected(vec![Err(io::Error::other("gone"))], false).is_err());
    }

    #[test]
    fn a_whole_event_in_a_pipe_that_stays_open_is_enough() {
        let start = Instant::now();
        assert_eq!(collected(vec![Ok(b"{}".to_vec())], true).unwrap(), b"{}");
        assert_eq!(collected(vec![], true).unwrap(), b"");
        assert!(start.elapsed() < PATIENCE / 2);
    }

    #[test]
    fn of_somebody_elses_input_one_byte_is_taken_at_most() {
        for (text, taken, left) in [
            (" {\"a\":1}", " {\"a\":1}", ""),
            ("name\nnext", "", "ame\nnext"),
            ("\n[1]", "\n", "1]"),
            ("", "", ""),
        ] {
            let (sender, receiver) = channel();
            let mut input = text.as_bytes();
            pour(&mut input, Start::Object, &sender);
            assert_eq!(collect(&receiver, GLANCE).unwrap(), taken.as_bytes(), "{text:?}");
            assert_eq!(input, left.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn too_large_an_event_is_refused() {
        let part = || Ok(vec![b' '; 16 << 20]);
        assert!(collected(vec![part(), part(), part()], false).unwrap_err().contains("32 MiB"));
    }
}
