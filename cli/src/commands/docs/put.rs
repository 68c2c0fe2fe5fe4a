//! `aitk docs put PATH [FILE]`: saves one doc.
//!
//! The bytes are those of FILE, or of standard input. `--if-match HASH` saves only on top of the
//! version with that content hash, as `aitk docs ls --long --json` shows it; else the exit code is
//! 7 and nothing is changed.

use std::fs;
use std::io::{self, IsTerminal, Read};

use aitk_shared::api::{Content, PutDoc};
use aitk_shared::hash::ContentHash;

use super::doc_path;
use crate::app::Context;
use crate::client::Expected;
use crate::error::{Error, Kind, Result};
use crate::lease;
use crate::output::shown;

/// Save one doc
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk docs put guides/release.md release.md --message 'no Fridays'
  pandoc notes.docx -t gfm | aitk docs put notes.md -")]
pub struct Args {
    /// The doc, such as guides/release.md
    path: String,
    /// Read it from FILE; from standard input where it is '-' or not given
    file: Option<String>,
    /// Say what changed, for the history
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,
    /// Save only on top of the version with this content hash
    #[arg(long, value_name = "HASH", value_parser = ContentHash::parse)]
    if_match: Option<ContentHash>,
}

/// Saves the doc.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let path = doc_path(&args.path)?;
    let project = context.project()?;
    let client = context.client()?;
    let token = lease::token(context, project)?;
    let bytes = read(args.file.as_deref())?;
    let Content { content, encoding } = Content::from_bytes(bytes);
    let doc = PutDoc { content, encoding, message: args.message };
    let expected = args.if_match.map_or(Expected::Anything, Expected::Version);
    let saved = client.put_doc(project, &path, &doc, expected, token).await?;
    context
        .out
        .note(&format!("saved {} as version {}, revision {}", saved.path, saved.version, saved.revision));
    context.out.json(&saved);
    Ok(())
}

fn read(file: Option<&str>) -> Result<Vec<u8>> {
    if let Some(path) = file.filter(|path| *path != "-") {
        return fs::read(path)
            .map_err(|error| Error::new(Kind::Failed, format!("cannot read {}: {error}", shown(path))));
    }
    let stdin = io::stdin();
    let mut bytes = Vec::new();
    if !(file.is_none() && stdin.is_terminal()) {
        stdin.lock().read_to_end(&mut bytes)?;
    }
    // An empty doc must be meant: a forgotten pipe must not empty one.
    match bytes.is_empty() && file.is_none() {
        true => {
            Err(Error::new(Kind::Usage, "nothing to save: no FILE is given, and standard input is empty")
                .hint("name a file, or '-' to save an empty doc from standard input"))
        }
        false => Ok(bytes),
    }
}
