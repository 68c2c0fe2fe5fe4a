//! What the program says, and where: data on standard output, talk on standard error.
//!
//! The only file that prints. With `--json`, standard output is one JSON document.
#![allow(clippy::print_stderr)]

use std::io::{self, IsTerminal, Read, Write};
use std::sync::Mutex;

use aitk_shared::text::printable;
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::error::{Error, Kind, Result};

/// Longest text from a server that is shown in one place, in characters.
const SHOWN_CHARS: usize = 500;
/// Longest secret that is read, in bytes.
const SECRET_BYTES: u64 = 64 * 1024;

/// The first failure to write standard output; told once, at the end.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// Makes text from a server, a file name or another program safe to show.
pub fn shown(text: &str) -> String {
    printable(text, SHOWN_CHARS)
}

/// The same for a line of a doc: all of it, with its tabs.
pub fn shown_text(line: &str) -> String {
    line.split('\t').map(|part| printable(part, usize::MAX)).collect::<Vec<_>>().join("\t")
}

/// When to colour.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Color {
    /// At a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// How this run talks.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    quiet: bool,
    verbose: bool,
    /// Whether somebody may be watching.
    watched: bool,
}

impl Output {
    /// Sets the run's manner of talking.
    pub fn new(json: bool, quiet: bool, verbose: bool, color: Color) -> Self {
        match color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        Output { json, quiet, verbose, watched: true }
    }

    /// The same for a program, which watches no progress.
    pub fn unwatched(mut self) -> Self {
        self.watched = false;
        self
    }

    /// A line on standard error that shows that something goes on; `None` where nobody would see it.
    pub fn progress(&self) -> Option<ProgressBar> {
        // `-v` talks on the same lines.
        let shows = self.watched && !self.quiet && !self.verbose && io::stderr().is_terminal();
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})").ok()?;
        shows.then(|| ProgressBar::new_spinner().with_style(style))
    }

    /// A line on standard error that says how things stand; `None` where nobody would see it.
    pub fn status(&self) -> Option<ProgressBar> {
        let style = ProgressStyle::with_template("{msg}").ok()?;
        self.progress().map(|bar| bar.with_style(style))
    }

    /// How progress is shown once it is known how far it goes.
    pub fn bar() -> ProgressStyle {
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} ({elapsed})");
        style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
    }

    /// Whether standard output is one JSON document.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a line of data on standard output; nothing with `--json`.
    pub fn data(&self, text: &str) {
        if !self.json {
            keep_failure(writeln!(anstream::stdout().lock(), "{text}"));
        }
    }

    /// Prints the run's one JSON document; nothing without `--json`.
    pub fn json(&self, value: &impl Serialize) {
        if self.json {
            keep_failure(print_json(value));
        }
    }

    /// Prints bytes as they are, on standard output.
    pub fn bytes(&self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        keep_failure(stdout.write_all(bytes).and_then(|()| stdout.flush()));
    }

    /// Prints one line of a stream, at once; an error means that nobody reads any more.
    pub fn stream(&self, line: &str) -> io::Result<()> {
        let mut stdout = anstream::stdout().lock();
        writeln!(stdout, "{line}")?;
        stdout.flush()
    }

    /// Says something on standard error; nothing with `--quiet`.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            say(Style::new(), "", text);
        }
    }

    /// Says what `--verbose` asks for.
    pub fn detail(&self, text: &str) {
        if self.verbose {
            say(Style::new().dimmed(), "", text);
        }
    }

    /// Warns, also with `--quiet`.
    pub fn warn(&self, text: &str) {
        say(AnsiColor::Yellow.on_default().bold(), "warning: ", text);
    }

    /// Tells of a failure: the fact and the hint, or the JSON document.
    pub fn error(&self, error: &Error) {
        if error.is_told() {
            return;
        }
        if self.json {
            keep_failure(print_json(&error.to_json()));
            return;
        }
        say(AnsiColor::Red.on_default().bold(), "error: ", &error.message);
        if let Some(cause) = error.source.as_ref().filter(|_| self.verbose) {
            say(Style::new().dimmed(), "cause: ", &format!("{cause:#}"));
        }
        if let Some(hint) = &error.hint {
            say(AnsiColor::Cyan.on_default().bold(), "hint: ", hint);
        }
    }

    /// Whether a person can be asked: input and talk are a terminal.
    pub fn can_ask(&self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a yes-or-no question; anything but `y` or `yes` is no.
    pub fn confirm(&self, question: &str) -> Result<bool> {
        eprint!("{question} [y/N] ");
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// Goes on only with a yes: the flag `--yes`, or an answer at a terminal.
    pub fn require_yes(&self, given: bool, question: &str) -> Result<()> {
        if given {
            return Ok(());
        }
        if !self.can_ask() {
            return Err(Error::new(
                Kind::Usage,
                "nobody is at a terminal to say yes, so nothing was changed",
            )
            .hint("say it with --yes"));
        }
        match self.confirm(question)? {
            true => Ok(()),
            false => Err(Error::new(Kind::Failed, "nothing was changed: you did not say yes")),
        }
    }

    /// Reads a secret: hidden at a terminal, else all of standard input.
    pub fn ask_secret(&self, prompt: &str) -> Result<String> {
        if io::stdin().is_terminal() {
            return Ok(rpassword::prompt_password(prompt)?.trim().to_owned());
        }
        let mut text = String::new();
        io::stdin().take(SECRET_BYTES).read_to_string(&mut text)?;
        match text.trim() {
            "" => Err(Error::new(Kind::Usage, "standard input is empty, where a secret should be")
                .hint("pipe it in, or run this at a terminal to be asked")),
            secret => Ok(secret.to_owned()),
        }
    }

    /// Ends the run: an error where standard output lost something that somebody still reads.
    pub fn finish(&self) -> Result<()> {
        keep_failure(io::stdout().flush());
        match LOST.lock().ok().and_then(|mut lost| lost.take()) {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::new(Kind::Failed, format!("cannot write to standard output: {error}")))
            }
            _ => Ok(()),
        }
    }
}

/// Says in one line that the program has a bug; for the panic hook.
pub fn panicked(info: &std::panic::PanicHookInfo<'_>) {
    let what = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
    say(Style::new(), "error: ", &format!("a bug in aitk{}: {what}", place.unwrap_or_default()));
}

fn print_json(value: &impl Serialize) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    serde_json::to_writer(&mut stdout, value)?;
    writeln!(stdout)
}

/// Nobody can be told when standard error is gone, so its failures are dropped.
fn say(style: Style, label: &str, text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{style}{label}{style:#}{text}");
}

fn keep_failure(written: io::Result<()>) {
    if let (Err(error), Ok(mut lost)) = (written, LOST.lock()) {
        lost.get_or_insert(error);
    }
}
