//! `aitk docs edit PATH`: takes the lock, opens the doc in your editor, saves it, releases the lock.
//!
//! The editor is `$VISUAL`, else `$EDITOR`, else `vi`. What you leave unchanged is not saved. Your text
//! is never lost: when it cannot be saved (the lock was lost, the doc has a newer version, the server
//! is out of reach), or when the editor fails, it stays as a draft in your data folder, whose path is
//! told; `--draft FILE` goes on with it. A lock that you held before, by `aitk lock`, stays yours.
//!
//! A doc in conflict with its repository opens with both texts in it, as git marks them; what you
//! save without the marks decides.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use aitk_shared::api::{Content, Project, PutDoc, TakeLock};
use aitk_shared::lock::FencingToken;
use aitk_shared::path::DocPath;
use aitk_shared::time::parse_duration;

use super::doc_path;
use crate::app::Context;
use crate::client::{Client, Expected};
use crate::commands::lock::{Acquired, acquire, held_by_us, tell_waiting};
use crate::drafts::{self, Draft};
use crate::error::{Error, Kind, Result};
use crate::lease;
use crate::lease::keeper::{Held, Keeper};
use crate::mirror::note;
use crate::output::shown;

/// Edit a doc under the lock
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk docs edit guides/release.md --message 'no Fridays'
  VISUAL='code --wait' aitk docs edit guides/release.md --wait")]
pub struct Args {
    /// The doc, such as guides/release.md; it may be new
    path: String,
    /// Say what changed, for the history
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,
    /// Wait until the lock is free  [for at most 10m, where no time is given]
    #[arg(
        long,
        value_name = "TIME",
        value_parser = parse_duration,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "10m"
    )]
    wait: Option<Duration>,
    /// Begin with this text, such as a draft that could not be saved
    #[arg(long, value_name = "FILE")]
    draft: Option<PathBuf>,
}

/// What an editing began with.
struct Begun {
    /// The bytes on the platform; none for a new doc.
    base: Vec<u8>,
    expected: Expected,
    draft: Draft,
    /// Whether it is in conflict with the repository: then also the platform's own text decides.
    is_in_conflict: bool,
}

/// Begins the lines by which git tells both sides of a conflict apart (git-merge-file(1)).
const CONFLICT_MARKS: [&[u8]; 2] = [b"<<<<<<< ", b">>>>>>> "];

/// How the editor ended.
enum Ended {
    Itself(ExitStatus),
    /// Because a signal asked us to end.
    Interrupted(Error),
}

/// Locks, edits, saves, unlocks.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let path = doc_path(&args.path)?;
    let client = context.client()?;
    let project = client.project(context.project()?).await?;
    let text = args.draft.as_ref().map(|file| read(file)).transpose()?;
    let Acquired { lock, asked, is_new } = locked(&args, &path, &client, &project, context).await?;
    note::own_lock(context, Some(&lock));
    let held = if is_new { Held::taken } else { Held::found }(&client, &project, &lock, asked);
    let done = edit(&args, &path, text, held, context).await;
    if is_new {
        match client.release_lock(project.id.as_str(), Some(lock.token)).await {
            Ok(done) => tell_waiting(context, &done),
            // It was lost, which the failed save has told.
            Err(error) if error.kind == Kind::Conflict => {}
            Err(error) => {
                let (token, why) = (lock.token, error.message);
                context
                    .out
                    .warn(&format!("the lock (token {token}) was not released and ends by itself: {why}"));
            }
        }
        note::own_lock(context, None);
    }
    done
}

/// Takes the lock, or finds it ours: by a token that the environment gives or that is remembered here.
async fn locked(
    args: &Args,
    path: &DocPath,
    client: &Client,
    project: &Project,
    context: &Context,
) -> Result<Acquired> {
    let (id, slug) = (project.id.as_str(), project.slug.as_str());
    let ours = match lease::token(context, slug)? {
        None => false,
        Some(token) => match client.lock_state(id).await? {
            Some(lock) if lock.token == token => true,
            now if context.environment.lock_token.is_some() => return Err(lease::ended(token, now)),
            _ => false,
        },
    };
    let wish = TakeLock { reason: Some(format!("editing {path}")), anew: !ours, ..TakeLock::default() };
    let acquired = acquire(client, project, &wish, args.wait, context, std::future::pending()).await?;
    match acquired.is_new || ours {
        true => Ok(acquired),
        false => Err(held_by_us(&acquired.lock)),
    }
}

async fn edit(
    args: &Args,
    path: &DocPath,
    text: Option<Vec<u8>>,
    held: Held,
    context: &Context,
) -> Result<()> {
    let (client, project, token) = (held.client.clone(), held.project.clone(), held.token);
    let begun = begin(args, path, text, &held, context).await?;
    let first = begun.draft.text()?;
    let editor = editor();
    let ended = open(&editor, &begun.draft, token, Keeper::new(held)).await?;
    let text = begun.draft.text()?;
    // A text that was not touched is where it came from.
    let keep = |error: Error, draft: Draft| match text == first {
        true => {
            draft.discard();
            error
        }
        false => kept(error, path, &draft),
    };
    match ended {
        Ended::Itself(status) if status.success() => {}
        Ended::Itself(status) => {
            let editor = shown(&editor.to_string_lossy());
            let why = format!("nothing was saved: the editor '{editor}' failed ({status})");
            return Err(keep(Error::new(Kind::Failed, why), begun.draft));
        }
        Ended::Interrupted(error) => return Err(keep(error, begun.draft)),
    }
    if begun.is_in_conflict && text.split(|byte| *byte == b'\n').any(is_mark) {
        let why =
            format!("nothing was saved: both texts of the conflict are still in {path}, with their marks");
        return Err(keep(Error::new(Kind::Conflict, why), begun.draft));
    }
    if text == begun.base && !begun.is_in_conflict {
        begun.draft.discard();
        context.out.note(&format!("{path} is unchanged, so nothing was saved"));
        return unchanged(path, &project, &client, context).await;
    }
    let Content { content, encoding } = Content::from_bytes(text.clone());
    let doc = PutDoc { content, encoding, message: args.message.clone() };
    match client.put_doc(project.id.as_str(), path, &doc, begun.expected, Some(token)).await {
        Err(error) => Err(kept(error, path, &begun.draft)),
        Ok(saved) => {
            begun.draft.discard();
            args.draft.iter().for_each(|file| drafts::remove(context, file));
            let (version, revision) = (saved.version, saved.revision);
            context.out.note(&format!("saved {path} as version {version}, revision {revision}"));
            context.out.json(&saved);
            Ok(())
        }
    }
}

/// Fetches the doc and lays the text down; tells of drafts that were left.
async fn begin(
    args: &Args,
    path: &DocPath,
    text: Option<Vec<u8>>,
    held: &Held,
    context: &Context,
) -> Result<Begun> {
    let project = &held.project.id;
    let (base, hash, conflict) = match held.client.doc(project.as_str(), path, None).await {
        Ok(doc) => (super::checked_bytes(&doc)?, Some(doc.info.hash), doc.conflict),
        Err(error) if error.kind == Kind::NotFound => (Vec::new(), None, None),
        Err(error) => return Err(error),
    };
    let is_in_conflict = conflict.is_some();
    let both = conflict.and_then(|conflict| conflict.merged).map(String::into_bytes);
    if is_in_conflict {
        context.out.note(&format!("{path} is in conflict with the repository; what you save decides"));
    }
    match (&args.draft, hash) {
        (Some(file), _) => {
            if drafts::base_of(context, file).is_some_and(|made_from| made_from != hash) {
                context.out.warn(&format!(
                    "{path} has changed since this draft was begun: look at `aitk docs log {path}` before you save"
                ));
            }
        }
        (None, _) => {
            for left in drafts::left(context, project, path)? {
                let (file, begun) = (left.file.display(), left.begun);
                let older = if left.base == hash { "" } else { ", made from an older version" };
                context.out.warn(&format!(
                    "a draft of {path} was left at {begun}{older}: {file} (go on with it: --draft)"
                ));
            }
        }
    }
    let first = text.or(both);
    let draft = Draft::begin(context, project, path, hash, first.as_deref().unwrap_or(&base))?;
    let expected = hash.map_or(Expected::Nothing, Expected::Version);
    Ok(Begun { base, expected, draft, is_in_conflict })
}

fn is_mark(line: &[u8]) -> bool {
    CONFLICT_MARKS.iter().any(|mark| line.starts_with(mark))
}

async fn unchanged(path: &DocPath, project: &Project, client: &Client, context: &Context) -> Result<()> {
    if context.out.is_json() {
        let list = client.doc_list(project.id.as_str()).await?;
        context.out.json(&list.docs.iter().find(|doc| doc.path == *path));
    }
    Ok(())
}

/// A failure after which the text lies where its path says.
fn kept(error: Error, path: &DocPath, draft: &Draft) -> Error {
    let file = draft.file.display();
    let why = error.hint.as_ref().map(|hint| format!("{hint}; ")).unwrap_or_default();
    let hint = format!(
        "{why}your text is kept in {file}: `aitk docs edit {path} --draft FILE` goes on with it, `aitk docs put {path} FILE` saves it as it is"
    );
    error.hint(hint)
}

fn read(file: &std::path::Path) -> Result<Vec<u8>> {
    std::fs::read(file)
        .map_err(|error| Error::new(Kind::Failed, format!("cannot read {}: {error}", file.display())))
}

/// The user's editor; the value may have arguments.
fn editor() -> OsString {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".into())
}

/// Has the text edited, as git does: the value is a piece of shell, the file its argument.
#[cfg(unix)]
async fn open(editor: &OsString, draft: &Draft, token: FencingToken, mut keeper: Keeper) -> Result<Ended> {
    use crate::signals::{Signals, ended_by};
    use rustix::process::Signal;

    let mut script = editor.clone();
    script.push(" \"$@\"");
    let mut command = tokio::process::Command::new("sh");
    command.arg("-c").arg(script).arg(editor).arg(&draft.file);
    command.env(crate::lease::TOKEN_VARIABLE, token.to_string());
    let mut signals = Signals::ending()?;
    let mut child =
        command.spawn().map_err(|error| Error::new(Kind::Failed, format!("cannot run sh: {error}")))?;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(Ended::Itself(status?)),
            // Told once the editor has given the terminal back: the save is refused then.
            () = keeper.changed() => {}
            signal = signals.next() => match signal {
                // The terminal sends these to the editor as well, and there they have their own meaning.
                Signal::INT | Signal::QUIT => {}
                signal => {
                    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
                    let _ = id.map(|id| rustix::process::kill_process(id, signal));
                    if tokio::time::timeout(aitk_shared::limits::LOST_KILL_AFTER, child.wait()).await.is_err() {
                        child.kill().await?;
                    }
                    return Ok(Ended::Interrupted(ended_by(signal)));
                }
            },
        }
    }
}

/// Has the text edited.
#[cfg(not(unix))]
async fn open(_: &OsString, _: &Draft, _: FencingToken, _: Keeper) -> Result<Ended> {
    Err(Error::new(Kind::Failed, "an editor cannot be opened on this system yet")
        .hint("`aitk docs cat`, your editor, then `aitk docs put`"))
}
