//! The signals that ask this process for something, while another runs for the user.

use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind};

use crate::error::{Error, Kind, Result};

/// What asks a process to end.
const ENDING: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];

/// Signals that are caught as long as this lives.
pub struct Signals(Vec<(Signal, unix::Signal)>);

impl Signals {
    /// Catches what asks a process to end.
    pub fn ending() -> Result<Self> {
        Signals::of(&ENDING)
    }

    /// Catches what concerns a job, too: its own news, and the wish to stop it.
    pub fn of_job() -> Result<Self> {
        Signals::of(&[&ENDING[..], &[Signal::TSTP, Signal::CHILD]].concat())
    }

    fn of(signals: &[Signal]) -> Result<Self> {
        let caught =
            signals.iter().map(|&signal| Ok((signal, unix::signal(SignalKind::from_raw(signal.as_raw()))?)));
        Ok(Signals(caught.collect::<Result<_>>()?))
    }

    /// Waits for one that asks this process to end.
    pub async fn next_end(&mut self) -> Signal {
        loop {
            let signal = self.next().await;
            if ENDING.contains(&signal) {
                return signal;
            }
        }
    }

    /// One that asks this process to end and came already.
    pub fn pending_end(&mut self) -> Option<Signal> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let ending = self.0.iter_mut().filter(|(signal, _)| ENDING.contains(signal));
        ending
            .map(|(signal, caught)| (*signal, caught.poll_recv(&mut context)))
            .find_map(|(signal, caught)| caught.is_ready().then_some(signal))
    }

    /// Waits for one of them.
    pub async fn next(&mut self) -> Signal {
        std::future::poll_fn(|context| {
            for (signal, caught) in &mut self.0 {
                if caught.poll_recv(context).is_ready() {
                    return std::task::Poll::Ready(*signal);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

/// The end of a run that a signal asked for.
pub fn ended_by(signal: Signal) -> Error {
    Error::new(Kind::Command(code_of(signal.as_raw())), format!("ended by signal {}", signal.as_raw()))
}

/// The exit code of what ended by a signal, as shells have it.
pub fn code_of(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
