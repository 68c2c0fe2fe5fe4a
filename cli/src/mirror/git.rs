//! How a mirror stays out of git: never over tracked files, and named in the
//! clone's own exclude file, not in the committed `.gitignore`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use aitk_shared::guard::STAGING_INFIX;

use super::failed;
use crate::error::{Error, Kind, Result};

/// The first line of our part of an ignore file.
pub const BEGIN: &str = "# aitk:begin (the docs mirror; see `aitk init --help`)";
/// The last line.
pub const END: &str = "# aitk:end";

/// Refuses a mirror that would replace files that git tracks. Best effort: no git, no refusal.
pub fn refuse_tracked(root: &Path, mirror: &Path) -> Result<()> {
    let listed = git(root, [OsStr::new("ls-files"), OsStr::new("-z"), OsStr::new("--"), mirror.as_os_str()]);
    match listed {
        Some(files) if !files.is_empty() => {
            let shown = mirror.display();
            Err(Error::new(Kind::NotFound, format!("git tracks files in {shown}, which would be replaced"))
                .hint(format!(
                    "take them out with `git rm -r --cached {shown}`, or set another `mirror` in .aitk.toml"
                )))
        }
        _ => Ok(()),
    }
}

/// The clone's own exclude file, and what to write into it so that git does not see `mirror`;
/// `None` outside a git working tree.
pub fn exclusion(root: &Path, mirror: &Path) -> Option<(PathBuf, String)> {
    let (path, prefix) = exclude_file(root)?;
    let below = mirror.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    let line = format!("/{}{}", escaped(&prefix), escaped(&below));
    Some((path, format!("{line}/\n{line}{STAGING_INFIX}*\n")))
}

/// What to write into that file so that git does not see the file called `name` in `root`.
pub fn exclusion_of(root: &Path, name: &str) -> Option<String> {
    let (_, prefix) = exclude_file(root)?;
    Some(format!("/{}{}\n", escaped(&prefix), escaped(name)))
}

/// Where the exclude file is, and where `root` is in the working tree.
fn exclude_file(root: &Path) -> Option<(PathBuf, String)> {
    let said = git(root, ["rev-parse", "--git-path", "info/exclude", "--show-prefix"])?;
    let (path, prefix) = said.split_once('\n')?;
    Some((root.join(path), prefix.trim_end_matches('\n').to_owned()))
}

/// The top of the working tree around `folder`, and the paths below it whose staged content differs
/// from the last commit. The index is the one that git names to its hooks.
pub fn staged(folder: &Path) -> Option<(PathBuf, Vec<PathBuf>)> {
    let run = |args: &[&str]| {
        let output = Command::new("git").current_dir(folder).args(args).stdin(Stdio::null()).output().ok()?;
        output.status.success().then_some(output.stdout)
    };
    let top = String::from_utf8(run(&["rev-parse", "--show-toplevel"])?).ok()?;
    let differing = |from: &[&str]| -> Option<Vec<PathBuf>> {
        let diff = ["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z"];
        let names = run(&[&diff, from].concat())?;
        Some(names.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(path_of).collect())
    };
    let mut paths = differing(&[])?;
    // What a merge brings in as the other side has it is nobody's change here.
    if run(&["rev-parse", "--verify", "--quiet", "MERGE_HEAD"]).is_some() {
        let theirs = differing(&["MERGE_HEAD"])?;
        paths.retain(|path| theirs.contains(path));
    }
    Some((PathBuf::from(top.trim_end_matches('\n')), paths))
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    <OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Where git looks for its hook before a commit; `Err` with that place, where it is neither in this
/// repository nor in its working tree.
pub fn commit_hook(root: &Path) -> Option<std::result::Result<PathBuf, PathBuf>> {
    let said = git(root, ["rev-parse", "--git-path", "hooks", "--git-common-dir", "--show-toplevel"])?;
    let mut lines = said.lines().map(|line| root.join(line));
    let (hooks, common, top) = (lines.next()?, lines.next()?, lines.next()?);
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let is_here =
        [common, top].iter().any(|base| hooks.starts_with(base) || real(&hooks).starts_with(real(base)));
    let file = hooks.join("pre-commit");
    Some(if is_here { Ok(file) } else { Err(file) })
}

/// The files called `name` in folders below `top` that git tracks, relative to it.
pub fn tracked_below(top: &Path, name: &str) -> Vec<PathBuf> {
    let anywhere = format!(":(glob)**/{name}");
    let listed = git(top, ["ls-files", "-z", "--", &anywhere]).unwrap_or_default();
    listed.split('\0').filter(|path| !path.is_empty()).map(PathBuf::from).collect()
}

/// The `.gitignore` at the top of the working tree, and the mirror's name there; `None` where the
/// root is the top.
pub fn top_ignore_file(root: &Path, mirror: &Path) -> Option<(PathBuf, String)> {
    let prefix = git(root, ["rev-parse", "--show-prefix"])?;
    let up = git(root, ["rev-parse", "--show-cdup"])?;
    let prefix = prefix.trim_end_matches('\n');
    let below = format!("{prefix}{}", mirror.to_string_lossy());
    (!prefix.is_empty()).then(|| (root.join(up.trim_end_matches('\n')).join(".gitignore"), below))
}

/// The user's own name, as commits show it.
pub fn user_name(root: &Path) -> Option<String> {
    let name = git(root, ["config", "user.name"])?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The place in a `.gitignore` that hides `mirror` from agents' search as well as from git.
pub fn ignored_by(root: &Path, mirror: &Path) -> Option<String> {
    let probe = mirror.join("x");
    let args =
        ["check-ignore", "--no-index", "-v", "--"].map(OsStr::new).into_iter().chain([probe.as_os_str()]);
    let line = git(root, args)?;
    let place = line.split('\t').next()?;
    place.contains(".gitignore:").then(|| place.to_owned())
}

/// Hides `mirror` from git in this clone, if it is not hidden yet.
pub fn hide(root: &Path, mirror: &Path) -> Result<()> {
    let Some((path, lines)) = exclusion(root, mirror) else { return Ok(()) };
    let before = fs::read_to_string(&path).unwrap_or_default();
    let after = with_lines(&before, &lines);
    if after == before {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(root);
    fs::create_dir_all(parent).map_err(failed("make", parent))?;
    crate::atomic::replace(&path, after.as_bytes())
}

/// Does both while its caller does something else; whoever drops it waits.
#[derive(Debug)]
pub struct Hiding(Option<JoinHandle<Result<()>>>);

impl Hiding {
    /// Refuses a mirror over tracked files, and hides any other.
    pub fn begin(root: &Path, mirror: &Path) -> Self {
        let (root, mirror) = (root.to_owned(), mirror.to_owned());
        let work = move || {
            refuse_tracked(&root, &mirror)?;
            // A clone whose exclude file cannot be written gets its docs all the same.
            let _ = hide(&root, &mirror);
            Ok(())
        };
        Hiding(Some(std::thread::spawn(work)))
    }

    /// Waits for how it went.
    pub fn end(mut self) -> Result<()> {
        match self.0.take().map(JoinHandle::join) {
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            Some(Ok(done)) => done,
            None => Ok(()),
        }
    }
}

impl Drop for Hiding {
    fn drop(&mut self) {
        let _ = self.0.take().map(JoinHandle::join);
    }
}

/// `text` with our block holding `lines` too; several projects of one repository share the block.
pub fn with_lines(text: &str, lines: &str) -> String {
    let Some((start, end)) = find_block(text) else {
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return format!("{text}{gap}{}", block(lines));
    };
    let mut all = inner(&text[start..end]);
    lines.lines().filter(|line| !text[start..end].lines().any(|has| has == *line)).for_each(|line| {
        all.push_str(line);
        all.push('\n');
    });
    format!("{}{}{}", &text[..start], block(&all), &text[end..])
}

/// Whether a file with this text holds nothing but our block.
pub fn is_ours(text: &str) -> bool {
    find_block(text) == Some((0, text.len()))
}

/// `text` without `lines` in our block; a block left empty goes.
pub fn without_lines(text: &str, lines: &str) -> String {
    let Some((start, end)) = find_block(text) else { return text.to_owned() };
    let inner = inner(&text[start..end]);
    let rest: String = inner
        .split_inclusive('\n')
        .filter(|line| !lines.split_inclusive('\n').any(|ours| ours == *line))
        .collect();
    let block = if rest.is_empty() { rest } else { block(&rest) };
    format!("{}{block}{}", &text[..start], &text[end..])
}

fn block(lines: &str) -> String {
    format!("{BEGIN}\n{lines}{END}\n")
}

/// The lines between the block's first and last.
fn inner(block: &str) -> String {
    block.split_inclusive('\n').filter(|line| !line.starts_with("# aitk:")).collect()
}

fn find_block(text: &str) -> Option<(usize, usize)> {
    let start = text.find("# aitk:begin").filter(|at| *at == 0 || text[..*at].ends_with('\n'))?;
    let end = start + text[start..].find(END)? + END.len();
    let newline = text[end..].starts_with('\n');
    Some((start, end + usize::from(newline)))
}

/// Escapes what a pattern would read as more than itself.
fn escaped(path: &str) -> String {
    path.chars()
        .flat_map(|c| matches!(c, '*' | '?' | '[' | '\\').then_some('\\').into_iter().chain([c]))
        .collect()
}

/// What git prints, or `None` where it fails, also for want of git or of a repository.
fn git(root: &Path, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Option<String> {
    let repository = root.ancestors().any(|folder| folder.join(".git").exists());
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(args).stdin(Stdio::null()).stderr(Stdio::null());
    // A hook that git itself runs would point these at another repository.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    let output = repository.then(|| command.output().ok()).flatten()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_put_in_once_and_taken_out_without_a_trace() {
        for text in ["", "*.log\n", "*.log", "a\n\n# b\n"] {
            let once = with_lines(text, "/.docs/\n");
            assert_eq!(with_lines(&once, "/.docs/\n"), once);
            assert_eq!(without_lines(&once, "/.docs/\n").trim_end_matches('\n'), text.trim_end_matches('\n'));
        }
        assert_eq!(without_lines("nothing of ours\n", "/x/\n"), "nothing of ours\n");
    }

    #[test]
    fn two_projects_share_a_block_and_leave_it_alone() {
        let both = with_lines(&with_lines("a\n", "/.docs/\n"), "/sub/.docs/\n") + "tail\n";
        assert_eq!(both, format!("a\n{BEGIN}\n/.docs/\n/sub/.docs/\n{END}\ntail\n"));
        let one = without_lines(&both, "/sub/.docs/\n");
        assert_eq!(one, format!("a\n{BEGIN}\n/.docs/\n{END}\ntail\n"));
        assert_eq!(without_lines(&one, "/.docs/\n"), "a\ntail\n");
    }

    #[test]
    fn patterns_mean_only_themselves() {
        assert_eq!(escaped("a*b[c]/d"), "a\\*b\\[c]/d");
    }
}
