//! A file that may have nothing to read yet, where the system can wait for several things at once.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// What a wait brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Bytes.
    Some,
    /// Nothing so far.
    None,
    /// The end.
    End,
}

/// Something to read from, unbuffered: a buffer would swallow what is not ours.
pub struct Feed(File);

impl Feed {
    /// Standard input.
    pub fn stdin() -> Result<Self, String> {
        let file = io::stdin().as_fd().try_clone_to_owned().map(File::from);
        file.map(Feed).map_err(|error| format!("cannot read the hook event: {error}"))
    }

    /// Another file.
    #[cfg(test)]
    pub fn of(file: File) -> Self {
        Feed(file)
    }

    /// Appends at most `room` bytes to `bytes`; waits for the first at most for `wait`.
    pub fn next(&mut self, bytes: &mut Vec<u8>, room: usize, wait: Duration) -> io::Result<Part> {
        if !self.waits(wait)? {
            return Ok(Part::None);
        }
        let had = bytes.len();
        bytes.resize(had + room, 0);
        let read = loop {
            match self.0.read(&mut bytes[had..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        bytes.truncate(had + read.as_ref().map_or(0, |read| *read));
        match read {
            Ok(0) => Ok(Part::End),
            Ok(_) => Ok(Part::Some),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Part::None),
            Err(error) => Err(error),
        }
    }

    /// Whether it is something else than an event. It is only peeked at: whoever reads on after us
    /// must find all of it. Waits for the first bytes of a pipe; for what cannot be peeked at it is
    /// false.
    pub fn starts_otherwise(&self, wait: Duration) -> bool {
        use std::io::Seek;
        use std::os::unix::fs::FileExt;
        let other = |start: &[u8]| start.trim_ascii_start().first() != Some(&b'{');
        let mut start = [0; 64];
        if self.0.metadata().is_ok_and(|meta| meta.is_file()) {
            let read = (&self.0).stream_position().and_then(|at| self.0.read_at(&mut start, at)).unwrap_or(0);
            return other(&start[..read]);
        }
        match self.waits(wait) {
            Ok(true) => self.peeked(&mut start).is_some_and(other),
            Ok(false) | Err(_) => false,
        }
    }

    /// A pipe's first bytes, which stay in it; `None` for all but pipes, and where it is empty.
    #[cfg(target_os = "linux")]
    fn peeked<'a>(&self, start: &'a mut [u8]) -> Option<&'a [u8]> {
        use rustix::pipe::{SpliceFlags, tee};
        let (mut copy, end) = io::pipe().ok()?;
        let read = tee(&self.0, &end, start.len(), SpliceFlags::empty()).ok().filter(|read| *read > 0)?;
        let read = copy.read(&mut start[..read]).ok()?;
        Some(&start[..read])
    }

    #[cfg(not(target_os = "linux"))]
    fn peeked<'a>(&self, _: &'a mut [u8]) -> Option<&'a [u8]> {
        None
    }

    /// Waits until there is something to read, or the end; false where neither came.
    fn waits(&self, wait: Duration) -> io::Result<bool> {
        let timeout = Timespec::try_from(wait).unwrap_or_default();
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
