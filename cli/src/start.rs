//! How the program starts on Linux: in C's `main`, past the standard library's own start.
//!
//! That one reads the process's memory map to learn where the stack ends, and sets up a second stack and
//! two signal handlers for a message on its overflow: it takes longer than the guard's whole decision. What
//! else it does is done here. An overflow still ends the process, without the message.

#![expect(unsafe_code, reason = "the name `main` must stay unmangled, and signals have no safe interface")]

use std::ffi::c_int;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::IntoRawFd;

use rustix::io::{Errno, fcntl_getfd};
use rustix::stdio::{stderr, stdin, stdout};

// SAFETY: no other function of this program has the name, and C's start-up code calls it once.
#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    open_streams();
    // SAFETY: no other thread runs yet, and a signal that is ignored runs no code.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let code = crate::run();
    let _ = std::io::stdout().flush();
    // SAFETY: it ends the process, which has nothing left to do: C's libraries would only free their memory.
    unsafe { libc::_exit(code.into()) }
}

/// Where a standard stream was closed, a file that is opened later must not take its place.
fn open_streams() {
    for stream in [stdin(), stdout(), stderr()] {
        if fcntl_getfd(stream) == Err(Errno::BADF) {
            // The lowest number that is free is this one's.
            match OpenOptions::new().read(true).write(true).open("/dev/null") {
                Ok(file) => drop(file.into_raw_fd()),
                Err(_) => std::process::abort(),
            }
        }
    }
}
