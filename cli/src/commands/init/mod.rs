//! `aitk init`: sets a repository up, so that agents find the docs and leave them alone.
//!
//! It writes `.aitk.toml` (server and project), hides `.docs/` from git in this clone but not from
//! agents' search, points the agents' instructions to the docs, and installs their hooks. Everything
//! that is not ours stays as it is; files that were there are kept in the user's data folder first.
//! Running it twice changes nothing; `--dry-run` shows what it would change; `--uninstall` takes out
//! what it put in. Commit what it wrote: colleagues without aitk are told how to install it and go
//! on unhindered, unless you chose `--strict`.
//!
//! Most agents read the hooks of a repository only when they are started at its top. Hooks in the
//! user's own settings (`--scope user`) run everywhere, and do nothing outside aitk projects.
//!
//! Where nothing of ours shall be committed, `--local` registers the project in the user's own
//! settings, with hooks there; `--uninstall` takes it off that list.

mod advice;
pub mod codex;
mod commit_hook;
mod edit;
mod entry;
pub mod found;
mod gitignore;
mod local;
mod migrate;
mod plan;
mod plugin;
mod pointer;
mod project_file;
mod settings;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::agents::DIALECTS;
use crate::app::Context;
use crate::config::Source;
use crate::credentials::{self, Credentials};
use crate::error::{Error, Kind, Result};
use crate::mirror::state::now;
use crate::output::shown;
use edit::Edit;
use found::Chosen;
use settings::Wish;

/// Set a repository up for its agents
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk init --url https://docs.example.com --project acme-web
  aitk init --agent codex --agent gemini
  aitk init --scope user        hooks that also run where an agent is started in a sub-folder
  aitk init --local --project acme-web   for you alone, with nothing to commit
  aitk init --dry-run
  aitk init --uninstall")]
pub struct Args {
    /// Install the hooks of these agents  [default: those found here]
    #[arg(long, value_name = "NAME", value_parser = found::parse, num_args = 1.., value_delimiter = ',')]
    agent: Vec<String>,
    /// Where the hooks go
    #[arg(long, value_name = "SCOPE", value_enum, default_value = "project")]
    scope: Scope,
    /// Set it up for you alone: project and hooks in your own settings, nothing to commit
    #[arg(long, conflicts_with_all = ["scope", "uninstall", "migrate"])]
    local: bool,
    /// Block an agent's tools where aitk is not installed
    #[arg(long, conflicts_with = "uninstall")]
    strict: bool,
    /// Accept the server that the repository names: your key may go there; have Codex trust the hooks
    #[arg(long, conflicts_with_all = ["uninstall", "dry_run"])]
    trust: bool,
    /// Show what would change, as a diff
    #[arg(long)]
    dry_run: bool,
    /// Take out what init put in
    #[arg(long)]
    uninstall: bool,
    /// Take over what the shell scripts of before left: their copy, their hooks, their variables
    #[arg(long, conflicts_with = "uninstall")]
    migrate: bool,
}

/// Where hooks can be installed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Scope {
    /// The repository's own settings, for everybody who clones it
    Project,
    /// Your own settings, for all your projects and their sub-folders
    User,
    /// The machine's settings, which nobody can switch off
    Managed,
}

/// Sets the repository up as `aitk init --trust` does, and says what it changed.
pub async fn install(context: &Context) -> Result<()> {
    let args = Args {
        agent: Vec::new(),
        scope: Scope::Project,
        local: false,
        strict: false,
        trust: true,
        dry_run: false,
        uninstall: false,
        migrate: false,
    };
    apply(&args, &entries(&args, context).await, context).map(drop)
}

/// Plans all edits, then shows or makes them.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let scope = if args.local { Scope::User } else { args.scope };
    let args = Args { scope, ..args };
    context.out.json(&apply(&args, &entries(&args, context).await, context)?);
    Ok(())
}

/// The docs to name to agents: those of the copy, or before the first check the platform's.
async fn entries(args: &Args, context: &Context) -> Vec<String> {
    let here = entry::here(context);
    match here.is_empty() && !args.uninstall && context.config.project.is_some() {
        true => entry::there(context).await,
        false => here,
    }
}

/// Does it, and returns what it did as one document; `entry` are docs to name to agents.
fn apply(args: &Args, entry: &[String], context: &Context) -> Result<Value> {
    let chosen = match args.uninstall && args.agent.is_empty() {
        true => Chosen { agents: DIALECTS.to_vec(), git: true, note: None },
        false => found::choose(&args.agent, &context.root),
    };
    let wish = Wish {
        program: program(args.scope)?,
        strict: args.strict || args.scope != Scope::Project,
        mirror: context.config.mirror.to_string_lossy().replace('\\', "/"),
    };
    if args.scope == Scope::Managed && chosen.agents.iter().all(|agent| agent.setup().managed.is_none()) {
        return Err(Error::new(
            Kind::Usage,
            "none of these agents has settings for the whole machine that aitk knows",
        )
        .hint("use --scope user"));
    }
    let was_local = args.uninstall && crate::config::registered(&context.root)?.is_some();
    let edits: Vec<_> =
        plan::edits(args, &chosen, &wish, entry, context)?.into_iter().filter(Edit::changes).collect();
    let (out, dry) = (context.out, args.dry_run);
    let backups = backup_folder(context);
    let mut done = Vec::new();
    for edit in &edits {
        let mut backup = None;
        if dry {
            out.data(edit.diff().trim_end());
        } else {
            backup = edit.back_up(&backups)?;
            edit.make()?;
            out.data(&format!("{} {}", edit.verb(), edit.shown()));
        }
        done.push(json!({ "path": edit.shown(), "action": edit.verb(), "backup": backup }));
    }
    if edits.is_empty() {
        out.data("nothing to change");
    } else if backups.exists() {
        out.note(&format!("files as they were before: {}", shown(&backups.to_string_lossy())));
    }
    if was_local && args.scope == Scope::Project {
        out.note("hooks in your own settings serve all your projects: `aitk init --uninstall --scope user` takes them out");
    }
    if !args.uninstall {
        chosen.note.iter().for_each(|note| out.note(note));
        if !dry && args.migrate {
            migrate::finish(context, args.trust)?;
        }
        if !dry {
            accept_server(args.trust, context)?;
        }
        advice::give(args, &chosen, context, !edits.is_empty())?;
    }
    Ok(json!({
        "files": done,
        "agents": chosen.agents.iter().map(|agent| agent.name()).collect::<Vec<_>>(),
        "dryRun": dry,
        "project": context.config.project,
        "url": context.config.url,
    }))
}

/// How hooks name `aitk`: colleagues have it elsewhere, and an agent that was not started from a
/// shell may have another `PATH`.
fn program(scope: Scope) -> Result<String> {
    if scope == Scope::Project {
        return Ok("aitk".to_owned());
    }
    let this = std::env::current_exe()?;
    let is_this = |path: &Path| path.canonicalize().ok() == this.canonicalize().ok();
    // A link on `PATH` outlives the version that it leads to.
    let path = found::on_path("aitk").filter(|path| path.is_absolute() && is_this(path)).unwrap_or(this);
    path.into_os_string().into_string().map_err(|path| {
        Error::new(Kind::Failed, format!("'{}' cannot be named in settings", path.to_string_lossy()))
            .hint("install aitk in a folder whose name is UTF-8")
    })
}

/// Where this run keeps files as they were; made when the first is.
fn backup_folder(context: &Context) -> PathBuf {
    let name = context.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let at = now().to_string().replace(':', "");
    context.dirs.data.join("backups").join(format!("{at}-{name}"))
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
