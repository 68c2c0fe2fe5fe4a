//! Standard input, which may be inherited, somebody else's, or open for ever.

#[cfg_attr(unix, path = "input/poll.rs")]
#[cfg_attr(not(unix), path = "input/thread.rs")]
mod feed;

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use aitk_shared::limits::HOOK_INPUT_BYTES;
use feed::{Feed, Part};

/// For an agent that announced an event, in all: with the answer it stays below five seconds.
const PATIENCE: Duration = Duration::from_secs(4);
/// For the first byte of an event that nobody announced: agents write at once.
const GLANCE: Duration = Duration::from_millis(200);
/// A whole JSON document after which nothing came for so long is taken, though the pipe stays open.
const QUIET: Duration = Duration::from_millis(50);
/// More than most events have; memory that is not touched costs nothing.
const ROOM: usize = 8 * 1024;
/// As much as a pipe holds.
const MORE_ROOM: usize = 64 * 1024;

/// The event that an agent announced; empty where none came.
pub fn announced() -> Result<Vec<u8>, String> {
    if io::stdin().is_terminal() { Ok(Vec::new()) } else { read(&mut Feed::stdin()?, PATIENCE, Start::Any) }
}

/// What looks like an event, though nobody announced one; empty where standard input is something
/// else, which is left to whoever reads it.
pub fn noticed() -> Result<Vec<u8>, String> {
    if io::stdin().is_terminal() {
        return Ok(Vec::new());
    }
    let mut feed = Feed::stdin()?;
    if feed.starts_otherwise(GLANCE) { Ok(Vec::new()) } else { read(&mut feed, GLANCE, Start::Object) }
}

/// What input has to look like to be read on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Any,
    /// `{`, perhaps after spaces; anything else is somebody else's input and is left alone.
    Object,
}

/// Reads input to its end, within the bounds of size and time. Of input that does not start as it
/// should no more than one byte is taken (a socket cannot be peeked at).
fn read(feed: &mut Feed, patience: Duration, start: Start) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let since = Instant::now();
    let mut end = since + patience;
    let mut begun = start == Start::Any;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let wait = if bytes.is_empty() { left } else { left.min(QUIET) };
        let room = if begun { bytes.len().clamp(ROOM, MORE_ROOM) } else { 1 };
        let had = bytes.len();
        match feed
            .next(&mut bytes, room, wait)
            .map_err(|error| format!("cannot read the hook event: {error}"))?
        {
            Part::End => return Ok(bytes),
            Part::Some => {
                // Whoever began to write an event gets the time to finish it.
                end = since + PATIENCE;
                if !begun {
                    let byte = &bytes[had..];
                    begun = byte == b"{";
                    if !begun && !byte.trim_ascii().is_empty() {
                        bytes.truncate(had);
                        return Ok(bytes);
                    }
                }
                if bytes.len() as u64 > HOOK_INPUT_BYTES {
                    return Err(format!("the hook event is larger than {} MiB", HOOK_INPUT_BYTES >> 20));
                }
            }
            Part::None => {
                let whole = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
                if whole || Instant::now() >= end {
                    return Ok(bytes);
                }
            }
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::OwnedFd;

    /// A pipe that `text` was written to; closed or left open.
    fn pipe(text: &[u8]) -> (Feed, File, io::PipeWriter) {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(text).unwrap();
        let copy = File::from(OwnedFd::from(reader.try_clone().unwrap()));
        (Feed::of(File::from(OwnedFd::from(reader))), copy, writer)
    }

    #[test]
    fn input_is_read_to_its_end() {
        for text in ["{\"a\":1}", "", "x"] {
            let (mut feed, _, writer) = pipe(text.as_bytes());
            drop(writer);
            assert_eq!(read(&mut feed, PATIENCE, Start::Any).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn a_whole_event_in_a_pipe_that_stays_open_is_enough() {
        let start = Instant::now();
        let (mut feed, _, _writer) = pipe(b"{}");
        assert_eq!(read(&mut feed, PATIENCE, Start::Any).unwrap(), b"{}");
        let (mut feed, _, _writer) = pipe(b"");
        assert_eq!(read(&mut feed, QUIET, Start::Any).unwrap(), b"");
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
            let (mut feed, mut copy, writer) = pipe(text.as_bytes());
            drop(writer);
            assert_eq!(read(&mut feed, GLANCE, Start::Object).unwrap(), taken.as_bytes(), "{text:?}");
            let mut rest = String::new();
            copy.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, left, "{text:?}");
        }
    }

    #[test]
    fn too_large_an_event_is_refused() {
        let zeros = File::open("/dev/zero").unwrap();
        assert!(read(&mut Feed::of(zeros), PATIENCE, Start::Any).unwrap_err().contains("32 MiB"));
    }
}
