//! `aitk init`: sets a repository up, so that agents find the docs and leave them alone.
//!
//! It writes `.aitk.toml` (server and project), hides `.docs/` from git in this clone but not from
//! agents' search, points CLAUDE.md to the docs, and installs the hooks in `.claude/settings.json`.
//! Running it twice changes nothing; `--dry-run` shows what it would change; `--uninstall` takes out
//! what it put in. Commit what it wrote: colleagues without aitk are told how to install it and go
//! on unhindered, unless you chose `--strict`.

mod claude;
mod edit;
mod project_file;

use serde_json::json;

use crate::agents;
use crate::app::Context;
use crate::config::{PROJECT_FILE, Source};
use crate::credentials::{self, Credentials};
use crate::error::Result;
use crate::mirror::git;
use crate::output::shown;
use edit::Edit;

/// Set a repository up for its agents
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk init --url https://docs.example.com --project acme-web
  aitk init --dry-run
  aitk init --uninstall")]
pub struct Args {
    /// Install the hooks of these agents  [default: claude]
    #[arg(long, value_name = "NAME", value_parser = parse_agent)]
    agent: Vec<String>,
    /// Where the hooks go: the repository, for everybody who clones it
    #[arg(long, value_name = "SCOPE", value_enum, default_value = "project")]
    scope: Scope,
    /// Block an agent's tools where aitk is not installed
    #[arg(long, conflicts_with = "uninstall")]
    strict: bool,
    /// Accept the server that the repository names: your key may go there
    #[arg(long, conflicts_with_all = ["uninstall", "dry_run"])]
    trust: bool,
    /// Show what would change, as a diff
    #[arg(long)]
    dry_run: bool,
    /// Take out what init put in
    #[arg(long)]
    uninstall: bool,
}

/// Where hooks can be installed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Scope {
    /// The repository's own settings
    Project,
}

/// Plans all edits, then shows or makes them.
pub fn run(args: Args, context: &Context) -> Result<()> {
    let Scope::Project = args.scope;
    let edits: Vec<_> = edits(&args, context)?.into_iter().filter(Edit::changes).collect();
    for edit in &edits {
        if args.dry_run {
            context.out.data(edit.diff().trim_end());
        } else {
            edit.make()?;
            context.out.data(&format!("{} {}", edit.verb(), edit.shown()));
        }
    }
    let (out, dry) = (context.out, args.dry_run);
    if edits.is_empty() {
        out.data("nothing to change");
    }
    if !args.uninstall {
        if !dry {
            accept_server(args.trust, context)?;
        }
        advise(context, dry);
    }
    out.json(&json!({
        "files": edits.iter().map(|edit| json!({"path": edit.shown(), "action": edit.verb()})).collect::<Vec<_>>(),
        "dryRun": dry,
        "project": context.config.project,
        "url": context.config.url,
    }));
    Ok(())
}

fn edits(args: &Args, context: &Context) -> Result<Vec<Edit>> {
    let (root, mirror) = (&context.root, &context.config.mirror);
    let below = mirror.to_string_lossy().replace('\\', "/");
    let mut edits = Vec::new();

    let file = Edit::read(root, PROJECT_FILE)?;
    edits.push(match (args.uninstall, project_file::Wish::of(context)) {
        (true, _) => file.into(project_file::without),
        (false, Some(wish)) => file.try_into(|text| project_file::with(text, &wish))?,
        (false, None) => file,
    });
    if let Some((path, lines)) = git::exclusion(root, mirror) {
        edits.push(Edit::read_anywhere(root, &path)?.into(|text| block(text, &lines, args.uninstall)));
    }
    let search = Edit::read(root, ".ignore")?;
    edits.push(search.into(|text| block(text, &format!("!/{below}/\n"), args.uninstall)));

    edits.push(Edit::read(root, "CLAUDE.md")?.into(|text| match args.uninstall {
        true => claude::without_pointer(text),
        false => claude::with_pointer(text, &below),
    }));
    let settings = Edit::read(root, ".claude/settings.json")?;
    edits.push(settings.try_into(|text| match args.uninstall {
        true => claude::without_hooks(text),
        false => claude::with_hooks(text, args.strict),
    })?);
    Ok(edits)
}

fn block(text: &str, lines: &str, uninstall: bool) -> String {
    if uninstall { git::without_lines(text, lines) } else { git::with_lines(text, lines) }
}

/// A server that only the repository names gets no key until somebody says yes.
fn accept_server(trust: bool, context: &Context) -> Result<()> {
    if context.config.project.is_none() {
        return Ok(());
    }
    let server = context.server()?;
    let origin = server.origin();
    if Credentials::load(&context.dirs)?.accepts(&origin) {
        return Ok(());
    }
    let asked = || context.out.can_ask() && context.config.url_from != Source::Default;
    if trust || (asked() && context.out.confirm(&format!("Send your key to {origin}?"))?) {
        credentials::accept(&context.dirs, &origin)?;
        context.out.note(&format!("accepted {origin}"));
    } else {
        context
            .out
            .note(&format!("{origin} gets no key yet: run `aitk login {}`", shown(&server.to_string())));
    }
    Ok(())
}

/// What is left for people to do.
fn advise(context: &Context, dry: bool) {
    let (out, root, mirror) = (context.out, &context.root, &context.config.mirror);
    if context.config.project.is_none() {
        let doing = if dry { "would install" } else { "installed" };
        out.note(&format!("{doing} the hooks, but no project: `aitk init --project ID --url URL` names it"));
    }
    if let Some(place) = git::ignored_by(root, mirror) {
        let folder = mirror.display();
        out.warn(&format!("{} hides {folder} from your agents' search; take that line out", shown(&place)));
    }
}

fn parse_agent(text: &str) -> std::result::Result<String, String> {
    agents::named(text).map(|dialect| dialect.name().to_owned())
}
