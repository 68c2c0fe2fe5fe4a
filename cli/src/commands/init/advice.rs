//! What is left for people to do, and the one thing that can be done for them: Codex's trust.

use super::found::Chosen;
use super::{Args, Scope, codex};
use crate::agents::Dialect;
use crate::app::Context;
use crate::error::Result;
use crate::mirror::git;
use crate::output::shown;

/// Says what is left; `changed` tells whether this run put anything in.
pub fn give(args: &Args, chosen: &Chosen, context: &Context, changed: bool) -> Result<()> {
    let (out, root, mirror, dry) = (context.out, &context.root, &context.config.mirror, args.dry_run);
    if args.scope == Scope::Project && context.config.project.is_none() {
        let doing = if dry { "would install" } else { "installed" };
        out.note(&format!("{doing} the hooks, but no project: `aitk init --project ID --url URL` names it"));
    }
    for agent in chosen.agents.iter().filter(|_| changed || args.trust) {
        if args.scope == Scope::Managed && agent.setup().managed.is_none() {
            out.note(&format!("{}: it has no settings for the whole machine that aitk knows", agent.name()));
        } else if agent.name() == "codex" && !dry {
            trust_in_codex(*agent, args.trust, context)?;
        } else if let Some(advice) = agent.setup().advice.filter(|_| args.scope == Scope::Project) {
            out.note(&format!("{}: {advice}", agent.name()));
        }
    }
    if let Some(place) = git::ignored_by(root, mirror).filter(|_| !dry) {
        let folder = mirror.display();
        out.warn(&format!("{} hides {folder} from your agents' search; take that line out", shown(&place)));
    }
    Ok(())
}

/// Codex is told of its user's trust, or the user of Codex's lack of it.
fn trust_in_codex(agent: &dyn Dialect, trust: bool, context: &Context) -> Result<()> {
    let (out, wanted) = (context.out, agent.setup().hooks.len());
    let by_hand = agent.setup().advice.unwrap_or_default();
    let hooks = match codex::hooks(&context.root, agent) {
        Some(Ok(hooks)) if hooks.found >= wanted => hooks,
        Some(Ok(_)) => {
            out.note(&format!("codex: it does not trust this folder, so it reads no hooks here. {by_hand}"));
            return Ok(());
        }
        Some(Err(why)) => {
            out.note(&format!("codex: whether it trusts the hooks is unknown ({}). {by_hand}", shown(&why)));
            return Ok(());
        }
        None => {
            out.note(&format!("codex: {by_hand}"));
            return Ok(());
        }
    };
    let skipped = hooks.skipped.len();
    let question = format!("Have Codex trust the {skipped} hooks of aitk?");
    if skipped == 0 {
        out.note("codex: it trusts the hooks");
    } else if trust || (out.can_ask() && out.confirm(&question)?) {
        match hooks.trust() {
            Ok(()) => out.note(&format!("codex: it trusts the {skipped} hooks now")),
            Err(why) => out.note(&format!("codex: it did not take the trust ({}). {by_hand}", shown(&why))),
        }
    } else {
        out.note(&format!(
            "codex: it skips {skipped} hooks; `aitk init --trust` has it trust them. {by_hand}"
        ));
    }
    Ok(())
}
