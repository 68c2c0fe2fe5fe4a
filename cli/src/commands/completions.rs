//! `aitk completions SHELL`: prints a shell's completion script.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::app::Cli;
use crate::error::Result;
use crate::output::Output;

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk completions bash > ~/.local/share/bash-completion/completions/aitk
  aitk completions zsh > ~/.zfunc/_aitk
  aitk completions fish > ~/.config/fish/completions/aitk.fish")]
pub struct Args {
    shell: Shell,
}

/// Prints them.
pub fn run(args: &Args, out: Output) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "aitk", &mut script);
    match out.is_json() {
        true => out.json(&serde_json::json!({ "script": String::from_utf8_lossy(&script) })),
        false => out.bytes(&script),
    }
    Ok(())
}
