//! Standard input where it cannot be waited for: a thread reads it.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

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

/// Standard input, as a thread reads it, which may wait for ever and ends with the process.
pub struct Feed {
    wishes: SyncSender<usize>,
    parts: Receiver<io::Result<Vec<u8>>>,
    is_asked: bool,
}

impl Feed {
    /// Standard input.
    pub fn stdin() -> Result<Self, String> {
        let (wishes, wished) = sync_channel::<usize>(1);
        let (sender, parts) = sync_channel(1);
        std::thread::spawn(move || {
            for room in wished {
                let mut part = vec![0; room];
                let read = io::stdin().lock().read(&mut part);
                if sender.send(read.map(|n| part[..n].to_vec())).is_err() {
                    return;
                }
            }
        });
        Ok(Feed { wishes, parts, is_asked: false })
    }

    /// Appends at most `room` bytes to `bytes`; waits for the first at most for `wait`.
    pub fn next(&mut self, bytes: &mut Vec<u8>, room: usize, wait: Duration) -> io::Result<Part> {
        if !self.is_asked {
            self.is_asked = self.wishes.send(room).is_ok();
        }
        let part = match self.parts.recv_timeout(wait) {
            Ok(part) => part?,
            Err(RecvTimeoutError::Timeout) => return Ok(Part::None),
            Err(RecvTimeoutError::Disconnected) => return Ok(Part::End),
        };
        self.is_asked = false;
        bytes.extend(&part);
        Ok(if part.is_empty() { Part::End } else { Part::Some })
    }

    /// Nothing can be peeked at here.
    pub fn starts_otherwise(&self, _: Duration) -> bool {
        false
    }
}
