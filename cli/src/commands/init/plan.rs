//! What `init` changes, file by file; nothing is changed here.

use std::path::Path;

use super::edit::Edit;
use super::found::{self, Chosen};
use super::settings::Wish;
use super::{Args, Scope, commit_hook, gitignore, local, migrate, plugin, pointer, project_file, settings};
use crate::agents::setup::Shape;
use crate::agents::{DIALECTS, Dialect};
use crate::app::Context;
use crate::config::PROJECT_FILE;
use crate::error::{Error, Kind, Result};
use crate::mirror::git;

/// All edits, those that change nothing included.
pub fn edits(
    args: &Args,
    chosen: &Chosen,
    wish: &Wish,
    entry: &[String],
    context: &Context,
) -> Result<Vec<Edit>> {
    let mut edits = Vec::new();
    // A project of one's own is set up together with hooks that are not in it.
    if args.local {
        edits.extend(local::edits(chosen, context)?);
    } else if args.scope == Scope::Project || (args.scope == Scope::User && context.config.has_project_file) {
        repository(args, chosen, entry, context, &mut edits)?;
    }
    if args.migrate && args.scope != Scope::Managed {
        edits.extend(migrate::edits(context)?);
    }
    for agent in &chosen.agents {
        let Some(file) = settings_file(*agent, args.scope, context)? else { continue };
        edits.push(hooks(file, *agent, args.uninstall, wish)?);
    }
    if chosen.git && args.scope == Scope::Project {
        edits.extend(git_hook(args.uninstall, wish, context)?);
    }
    Ok(one_a_file(edits))
}

/// git's own hook, which is not committed but stays in this clone.
fn git_hook(uninstall: bool, wish: &Wish, context: &Context) -> Result<Option<Edit>> {
    let path = match (git::commit_hook(&context.root), uninstall) {
        (Some(Ok(path)), _) => path,
        (_, true) => return Ok(None),
        (Some(Err(path)), false) => {
            let fact = format!("git's hooks are outside this repository: {}", path.display());
            return Err(Error::new(Kind::Failed, fact).hint("have that file run `aitk guard --git`"));
        }
        (None, false) => {
            return Err(
                Error::new(Kind::NotFound, "this is no working tree of git").hint("run `git init` first")
            );
        }
    };
    let file = Edit::read_anywhere(&context.root, &path)?.that_runs();
    Ok(Some(match uninstall {
        true => file.into(commit_hook::removed),
        false => file.try_into(|text| commit_hook::with(text, wish))?,
    }))
}

/// The agent's settings; `None` where it has none in this scope.
fn settings_file(agent: &dyn Dialect, scope: Scope, context: &Context) -> Result<Option<Edit>> {
    let setup = agent.setup();
    Ok(match scope {
        Scope::Project => Some(Edit::read(&context.root, setup.project)?),
        Scope::User => {
            let file = found::user_settings(setup)
                .ok_or_else(|| Error::new(Kind::Failed, "there is no home folder").hint("set HOME"))?;
            Some(Edit::read_anywhere(&context.root, &file)?)
        }
        Scope::Managed => match setup.managed {
            Some(path) => Some(Edit::read_anywhere(&context.root, Path::new(path))?),
            None => None,
        },
    })
}

fn hooks(file: Edit, agent: &dyn Dialect, uninstall: bool, wish: &Wish) -> Result<Edit> {
    match (agent.setup().shape, uninstall) {
        (Shape::Plugin, true) => Ok(file.into(plugin::without)),
        (Shape::Plugin, false) => file.try_into(|text| plugin::with(text, agent, wish)),
        (_, true) => file.try_into(|text| settings::without(text, agent, wish)),
        (_, false) => file.try_into(|text| settings::with(text, agent, wish)),
    }
}

/// What makes the repository a project, and lets agents find the docs.
fn repository(
    args: &Args,
    chosen: &Chosen,
    entry: &[String],
    context: &Context,
    edits: &mut Vec<Edit>,
) -> Result<()> {
    let (root, mirror) = (&context.root, &context.config.mirror);
    let below = mirror.to_string_lossy().replace('\\', "/");
    // What only some agents put in stays while others are left.
    let leaves = args.uninstall && args.agent.is_empty();
    let block = |text: &str, lines: &str| match args.uninstall {
        true => git::without_lines(text, lines),
        false => git::with_lines(text, lines),
    };

    if leaves {
        edits.extend(local::removal(context)?);
    }
    if leaves || !args.uninstall {
        let file = Edit::read(root, PROJECT_FILE)?;
        edits.push(match (args.uninstall, project_file::Wish::of(context)) {
            (true, _) => file.into(project_file::without),
            (false, Some(wish)) => file.try_into(|text| project_file::with(text, &wish))?,
            (false, None) => file,
        });
        if let Some((path, mut lines)) = git::exclusion(root, mirror) {
            if args.uninstall {
                lines += &local::hidden(chosen, context);
            }
            edits.push(Edit::read_anywhere(root, &path)?.into(|text| block(text, &lines)));
        }
        edits.push(Edit::read(root, ".ignore")?.into(|text| block(text, &format!("!/{below}/\n"))));
        if !args.uninstall {
            edits.push(Edit::read(root, ".gitignore")?.into(|text| gitignore::without(text, &below)));
            if let Some((file, below)) = git::top_ignore_file(root, mirror) {
                edits.push(Edit::read_anywhere(root, &file)?.into(|text| gitignore::without(text, &below)));
            }
        }
    }
    for agent in &chosen.agents {
        if let Some(name) = agent.setup().ignore {
            edits.push(Edit::read(root, name)?.into(|text| block(text, &format!("!/{below}/\n"))));
        }
    }
    for agent in &chosen.agents {
        let name = agent.setup().instructions;
        let is_shared = DIALECTS.iter().filter(|other| other.setup().instructions == name).count() > 1;
        if args.uninstall && is_shared && !leaves {
            continue;
        }
        edits.push(Edit::read(root, name)?.into(|text| match args.uninstall {
            true => pointer::without(text),
            false => pointer::with(text, &below, entry),
        }));
    }
    Ok(())
}

/// Two names may lead to one file, as where CLAUDE.md is a link to AGENTS.md: the first edit counts.
fn one_a_file(edits: Vec<Edit>) -> Vec<Edit> {
    let mut seen = Vec::new();
    edits
        .into_iter()
        .filter(|edit| {
            let path = edit.real_path();
            let is_new = !seen.contains(&path);
            seen.push(path);
            is_new
        })
        .collect()
}
