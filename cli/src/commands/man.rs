//! `aitk man DIR`: writes the man pages, one for `aitk` and one for each command. They have no
//! date, so the same program always writes the same pages.

use std::fs;
use std::path::PathBuf;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use serde_json::json;

use crate::app::Cli;
use crate::error::{Error, Kind, Result};
use crate::output::Output;

/// Write the man pages into a folder
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder, which is made where it is not there
    dir: PathBuf,
}

/// Writes them.
pub fn run(args: &Args, out: Output) -> Result<()> {
    let cannot = |error: std::io::Error| {
        Error::new(Kind::Failed, format!("cannot write to {}: {error}", args.dir.display()))
    };
    fs::create_dir_all(&args.dir).map_err(cannot)?;
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let mut written = Vec::new();
    let mut waiting = vec![root];
    while let Some(command) = waiting.pop() {
        waiting.extend(command.get_subcommands().filter(|below| !below.is_hide_set()).cloned());
        written.push(page(command).generate_to(&args.dir).map_err(cannot)?);
    }
    written.sort();
    out.note(&format!("wrote {} man pages to {}", written.len(), args.dir.display()));
    out.json(&json!({ "written": written }));
    Ok(())
}

fn page(command: Command) -> Man {
    let title = command.get_display_name().unwrap_or(command.get_name()).to_uppercase();
    Man::new(command).title(title).source(concat!("aitk ", env!("CARGO_PKG_VERSION")))
}
