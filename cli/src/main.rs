//! `aitk`: keeps a team's docs current and untouched where AI coding agents work.

#![cfg_attr(all(target_os = "linux", target_env = "gnu", not(test)), no_main)]

mod agents;
mod app;
mod atomic;
mod client;
mod commands;
mod config;
mod context;
mod credentials;
mod drafts;
mod error;
mod hook;
#[cfg(unix)]
mod job;
mod lease;
mod live;
mod mirror;
mod origin;
mod output;
mod repository;
mod sessions;
#[cfg(unix)]
mod signals;
#[cfg(all(target_os = "linux", target_env = "gnu", not(test)))]
mod start;

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(test))))]
fn main() -> std::process::ExitCode {
    run().into()
}

/// Does what the command line says; the exit code.
fn run() -> u8 {
    std::panic::set_hook(Box::new(|info| {
        std::process::exit(hook::panicked(info).into());
    }));
    // The hooks before every tool call and every prompt: no command tree, and no runtime unless needed.
    let args: Vec<_> = std::env::args_os().collect();
    commands::guard::fast_lane(&args).or_else(|| commands::check::fast_lane(&args)).unwrap_or_else(app::run)
}
