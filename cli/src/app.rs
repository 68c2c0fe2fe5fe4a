//! The command line: the list of commands, and the way from arguments to an exit code.

use std::ffi::OsString;
use std::time::Instant;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::agents::Moment;
use crate::commands::*;
pub use crate::context::{Context, Globals};
use crate::error::{DONE, Error, Kind, Result};
use crate::hook::{self, Hook};
use crate::output::{Color, Output};

/// Keep a team's docs current and untouched where AI coding agents work
#[derive(Debug, Parser)]
#[command(name = "aitk", version, max_term_width = 100)]
#[command(after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  aitk login https://docs.example.com   store your key for a server
  aitk lock --reason 'new release guide'
  aitk docs push handbook               upload a folder as one revision
  aitk watch                            follow what happens to the docs

Exit codes: 0 done, 1 failed, 2 blocked, 3 credentials, 4 not set up or not found,
5 unreachable, 6 differs, 7 conflict, 64 wrong usage";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Check(check::Args),
    Guard(guard::Args),
    #[command(alias = "check-lock")]
    Status(status::Args),
    #[command(alias = "hash-compare")]
    Diff(diff::Args),
    Sync(sync::Args),
    Verify(verify::Args),
    Init(init::Args),
    Join(join::Args),
    Doctor(doctor::Args),
    Login(login::Args),
    Logout(logout::Args),
    Project(project::Args),
    Key(key::Args),
    Invite(invite::Args),
    Docs(docs::Args),
    Lock(lock::Args),
    Unlock(unlock::Args),
    Watch(watch::Args),
    Publish(publish::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs the command line of this process; the exit code. Not inlined: its frame is large, and the guard's
/// is in the same stack.
#[inline(never)]
pub fn run() -> u8 {
    let args: Vec<OsString> = std::env::args_os().collect();
    let (globals, command) = match Cli::try_parse_from(&args) {
        Ok(cli) => (cli.globals, cli.command),
        Err(error) => return refuse(&args, &error),
    };
    let out = Output::new(globals.json, globals.quiet, globals.verbose, globals.color);
    let done = dispatch(globals, command, out).and_then(|()| out.finish());
    match done {
        Ok(()) => DONE,
        Err(error) => {
            out.error(&error);
            error.kind.exit_code()
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn dispatch(globals: Globals, command: Option<Command>, out: Output) -> Result<()> {
    let Some(command) = command else { return infer(globals, out).await };
    let context = || Context::new(globals.clone(), out);
    match command {
        // These need no settings, or find them in a way of their own.
        Command::Check(args) => check::run(args, globals, out).await,
        Command::Guard(args) if args.git => guard::run_git(),
        Command::Guard(args) => guard::run(args.agent.as_deref(), globals.root.as_deref()),
        Command::Join(args) => join::run(args, globals, out).await,
        Command::Doctor(args) => doctor::run(args, globals, out).await,
        Command::Completions(args) => completions::run(&args, out),
        Command::Man(args) => man::run(&args, out),

        Command::Status(args) => status::run(args, &context()?).await,
        Command::Diff(args) => diff::run(args, &context()?).await,
        Command::Sync(args) => sync::run(args, &context()?).await,
        Command::Verify(args) => verify::run(args, &context()?).await,
        Command::Init(args) => init::run(args, &context()?).await,
        Command::Login(args) => login::run(args, &context()?).await,
        Command::Logout(args) => logout::run(args, &context()?).await,
        Command::Project(args) => project::run(args, &context()?).await,
        Command::Key(args) => key::run(args, &context()?).await,
        Command::Invite(args) => invite::run(args, &context()?).await,
        Command::Docs(args) => docs::run(args, &context()?).await,
        Command::Lock(args) => lock::run(args, &context()?).await,
        Command::Unlock(args) => unlock::run(args, &context()?).await,
        Command::Watch(args) => watch::run(args, &context()?).await,
        Command::Publish(args) => publish::run(args, &context()?).await,
    }
}

/// Without a command: what a hook event on standard input asks for, since one agent drops the
/// arguments of its hooks; else the help.
async fn infer(globals: Globals, out: Output) -> Result<()> {
    match Hook::notice() {
        None => out.bytes(Cli::command().render_help().to_string().as_bytes()),
        Some(Err(why)) => return hook::refuse(None, &why),
        Some(Ok(hook)) => match hook.event.moment {
            Moment::Tool(_) | Moment::ToolDone(_) | Moment::SettingsChange(_) => {
                return guard::answer(&hook, globals.root.as_deref());
            }
            Moment::SessionStart | Moment::Prompt => {
                return check::hooked::answer(&hook, globals, Instant::now()).await;
            }
            Moment::Other => {}
        },
    }
    Ok(())
}

/// Tells of a command line that cannot be parsed; `--help` and `--version` come here, too.
fn refuse(args: &[OsString], error: &clap::Error) -> u8 {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return DONE;
    }
    // An agent goes on after any code but 2.
    let has = |start: &str| args.iter().any(|arg| arg.to_str().is_some_and(|arg| arg.starts_with(start)));
    if has("check") && has("--agent") {
        let told = hook::refuse(None, &usage_error(error).message);
        return told.map_or_else(|error| error.kind, |()| Kind::Blocked).exit_code();
    }
    match args.iter().skip(1).take_while(|arg| *arg != "--").any(|arg| arg == "--json") {
        true => Output::new(true, false, false, Color::Auto).error(&usage_error(error)),
        false => drop(error.print()),
    }
    Kind::Usage.exit_code()
}

/// clap's message without its layout: the fact, then a tip where it has one.
fn usage_error(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let (tips, fact): (Vec<_>, Vec<_>) =
        lines.filter(|line| !line.is_empty()).partition(|line| line.starts_with("tip:"));
    let fact = fact.join(" ");
    let tip = tips.first().map_or("see `aitk --help`", |tip| tip.trim_start_matches("tip: "));
    Error::new(Kind::Usage, fact.trim_start_matches("error: ")).hint(tip)
}
