//! A hook that asks again right after its good answer, as an agent's prompt does after its start, or
//! every turn of an agent that asks before each: it is let through by one small file.

use std::ffi::OsString;
use std::path::Path;
use std::time::Instant;

use super::hooked;
use crate::agents::{Moment, Verdict};
use crate::app::Globals;
use crate::config::{self, Dirs, Environment, Flags};
use crate::credentials::Server;
use crate::error::{DONE, Result};
use crate::hook::{self, Hook};
use crate::mirror::Mirror;
use crate::mirror::cache::Cache;
use crate::mirror::recent::is_spared;
use crate::mirror::state::Owner;
use crate::mirror::turn::short_name;

/// Runs the check if `args`, the command line, is that of a hook; `None` for everything else.
pub fn fast_lane(args: &[OsString]) -> Option<u8> {
    let words: Vec<_> = args.iter().skip(1).map(|arg| arg.to_str()).collect::<Option<_>>()?;
    let agent = match words[..] {
        ["check", "--agent", agent] => agent,
        ["check", agent] => agent.strip_prefix("--agent=")?,
        _ => return None,
    };
    let begun = Instant::now();
    let said = match Hook::expect(Some(agent)) {
        Ok(hook) if may_pass(&hook) => hook.reply(Verdict::Pass),
        Ok(hook) => ask(&hook, begun),
        Err(why) => hook::refuse(Some(agent), &why),
    };
    Some(said.map_or_else(|error| error.kind.exit_code(), |()| DONE))
}

#[tokio::main(flavor = "current_thread")]
async fn ask(hook: &Hook, begun: Instant) -> Result<()> {
    hooked::answer(hook, Globals::plain(), begun).await
}

/// Only a prompt is: who starts is told where the docs are.
fn may_pass(hook: &Hook) -> bool {
    let asked = || {
        let (dirs, cwd) = (Dirs::of_user().ok()?, hook.cwd().ok()?);
        Some(is_spared(&dirs.data, &cwd, &asker(hook)))
    };
    hook.event.moment == Moment::Prompt && asked() == Some(true)
}

/// Remembers a good answer about the project in `root`, if there was one.
pub fn spare(hook: &Hook, root: &Path) {
    let remember = || -> Result<()> {
        let (dirs, environment) = (Dirs::of_user()?, Environment::read());
        let config = config::load(root, Flags::default(), &environment, &dirs)?;
        let Some(project) = config.project else { return Ok(()) };
        let owner = Owner { origin: Server::parse(&config.url)?.origin().as_str().to_owned(), project };
        let cache = Cache::at(&dirs.cache).into();
        let mirror = Mirror { root: root.canonicalize()?, inside: config.mirror, data: dirs.data, cache };
        mirror.spare(&owner, asker(hook));
        Ok(())
    };
    // What cannot be remembered is asked again.
    let _ = remember();
}

/// Who asks, and about what as far as the environment decides it.
fn asker(hook: &Hook) -> String {
    let Environment { url, project, offline, .. } = Environment::read();
    let event = &hook.event;
    let parts = [
        event.session.as_deref(),
        event.prompt.as_deref(),
        url.as_deref(),
        project.as_deref(),
        offline.as_deref(),
    ];
    let text = parts.map(|part| format!("{part:?}")).join("\n");
    short_name(Path::new(&format!("{}\n{text}", hook.agent())))
}
