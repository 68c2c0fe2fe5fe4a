//! The local copy of a repository: a bare one with the tip's folders and the docs' blobs. It can be removed at
//! any time.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::path::DocPath;
use aitk_shared::repo::CommitId;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::ChildStdout;

use super::listing::{self, Entry, Kind};
use super::run::Run;
use super::{Git, GitError};

/// What the branch held at the last pull or push. No branch: nothing here is anybody's.
pub(super) const TIP: &str = "refs/aitk/tip";

/// How often a growing copy is measured.
const LOOK: Duration = Duration::from_millis(200);

/// One project's copy.
pub(super) struct Copy<'a> {
    git: &'a Git,
    pub folder: PathBuf,
}

/// What stands in a commit where the docs folder should be.
pub(super) enum Folder {
    /// A folder, by the id of its tree.
    Tree(String),
    Absent,
    /// Something else, or below something else.
    Taken(Kind),
}

impl<'a> Copy<'a> {
    pub fn of(git: &'a Git, project: &ProjectId) -> Self {
        Copy { git, folder: git.folder.join(project.as_str()) }
    }

    /// A run of git in the copy.
    pub fn run(&self, arguments: &[&str]) -> Run<'a> {
        Run::new(self.git, arguments).within(&self.folder)
    }

    /// Makes sure that there is a copy that takes objects named as this commit is.
    pub async fn ensure(&self, commit: &CommitId) -> Result<(), GitError> {
        let format = if commit.as_str().len() == 64 { "sha256" } else { "sha1" };
        if self.is_usable(format).await {
            return Ok(());
        }
        self.remove().await;
        let path = self.folder.display().to_string();
        let arguments =
            ["init", "-q", "--bare", "--template=", "--object-format", format, "-b", "main", "--", &path];
        Run::new(self.git, &arguments).output().await?.expect("make a local copy").map(drop)
    }

    async fn is_usable(&self, format: &str) -> bool {
        let Ok(config) = tokio::fs::read_to_string(self.folder.join("config")).await else { return false };
        let is_sha256 = config.to_ascii_lowercase().contains("objectformat = sha256");
        is_sha256 == (format == "sha256") && self.packs().await <= limits::REPO_COPY_PACKS
    }

    async fn packs(&self) -> usize {
        let mut count = 0;
        if let Ok(mut files) = tokio::fs::read_dir(self.folder.join("objects/pack")).await {
            while let Ok(Some(file)) = files.next_entry().await {
                count += usize::from(file.path().extension().is_some_and(|end| end == "pack"));
            }
        }
        count
    }

    /// Removes the copy, if there is one.
    pub async fn remove(&self) {
        match tokio::fs::remove_dir_all(&self.folder).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!("cannot remove {}: {error}", self.folder.display()),
        }
    }

    /// Returns once the copy is larger than a copy may be.
    pub async fn overflows(&self) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            if self.is_too_large().await {
                return;
            }
        }
    }

    /// Whether the copy is larger than a copy may be.
    pub async fn is_too_large(&self) -> bool {
        let folder = self.folder.clone();
        // What cannot be measured counts as too large.
        let size = tokio::task::spawn_blocking(move || size_of(&folder)).await.unwrap_or(u64::MAX);
        size > self.git.patience.copy_bytes
    }

    /// The commit of the last pull or push.
    pub async fn tip(&self) -> Result<Option<CommitId>, GitError> {
        let done = self.run(&["rev-parse", "-q", "--verify", TIP]).output().await?;
        Ok(CommitId::parse(String::from_utf8_lossy(&done.stdout).trim()).ok())
    }

    /// Remembers what the branch holds.
    pub async fn set_tip(&self, commit: &CommitId) -> Result<(), GitError> {
        let done = self.run(&["update-ref", TIP, commit.as_str()]).output().await?;
        done.expect("remember a commit").map(drop)
    }

    /// The sizes of objects; nothing for those that are not here.
    pub async fn sizes(&self, ids: &[String]) -> Result<Vec<Option<u64>>, GitError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let done = self.run(&["cat-file", "--batch-check=%(objectsize)"]).feed(lines(ids)).output().await?;
        let text = String::from_utf8_lossy(&done.expect("look into its copy")?).into_owned();
        let sizes: Vec<_> = text.lines().map(|line| line.parse().ok()).collect();
        match sizes.len() == ids.len() {
            true => Ok(sizes),
            false => Err(GitError::Failed("git's copy is damaged".into())),
        }
    }

    /// Whether an object is here.
    pub async fn has(&self, id: &str) -> Result<bool, GitError> {
        Ok(self.sizes(&[id.to_owned()]).await?.iter().all(Option::is_some))
    }

    /// The contents of blobs, in the order asked. A copy that cannot give them is removed.
    pub async fn contents(&self, ids: &[String]) -> Result<Vec<Vec<u8>>, GitError> {
        if let Some(bad) = ids.iter().find(|id| CommitId::parse(id).is_err()) {
            let bad = aitk_shared::text::printable(bad, 80);
            return Err(GitError::Failed(format!("'{bad}' is no object's id")));
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let limit = self.git.patience.copy_bytes;
        let read = async |stdout: ChildStdout| read_blobs(stdout, ids, limit).await;
        match self.run(&["cat-file", "--batch"]).feed(lines(ids)).read(read).await {
            Ok((_, contents)) => Ok(contents),
            Err(error) => {
                self.remove().await;
                Err(error)
            }
        }
    }

    /// What stands at a path of a commit, seen from the top: no link is followed.
    pub async fn folder(&self, commit: &CommitId, path: &DocPath) -> Result<Folder, GitError> {
        let mut tree = commit.as_str().to_owned();
        for segment in path.as_str().split('/') {
            let entries = self.entries(&["ls-tree", "-z", "--full-tree", &tree]).await?;
            match entries.into_iter().find(|entry| entry.path == segment.as_bytes()) {
                None => return Ok(Folder::Absent),
                Some(Entry { kind: Kind::Tree, id, .. }) => tree = id,
                Some(entry) => return Ok(Folder::Taken(entry.kind)),
            }
        }
        Ok(Folder::Tree(tree))
    }

    /// Everything below a tree but folders.
    pub async fn files(&self, tree: &str) -> Result<Vec<Entry>, GitError> {
        self.entries(&["ls-tree", "-r", "-z", "--full-tree", tree]).await
    }

    async fn entries(&self, arguments: &[&str]) -> Result<Vec<Entry>, GitError> {
        let listed = self.run(arguments).output().await?.expect("list a folder")?;
        listing::parse(&listed).ok_or_else(|| GitError::Failed("git lists a folder in a strange way".into()))
    }
}

async fn read_blobs(stdout: ChildStdout, ids: &[String], limit: u64) -> Result<Vec<Vec<u8>>, GitError> {
    let mut output = BufReader::new(stdout);
    let mut contents = Vec::with_capacity(ids.len());
    let mut left = limit;
    for id in ids {
        let mut line = String::new();
        output.read_line(&mut line).await.map_err(broken)?;
        let size = line.trim_end().strip_prefix(id.as_str()).and_then(|rest| rest.strip_prefix(" blob "));
        let Some(size) = size.and_then(|size| size.parse::<u64>().ok()) else {
            return Err(GitError::Failed("the local copy lacks a doc; pull again".into()));
        };
        left = left.checked_sub(size).ok_or_else(|| too_large(limit))?;
        let mut content = vec![0; usize::try_from(size).map_err(|_| too_large(limit))?];
        output.read_exact(&mut content).await.map_err(broken)?;
        output.read_u8().await.map_err(broken)?;
        contents.push(content);
    }
    Ok(contents)
}

/// What is said of a repository that would fill the disk.
pub(super) fn too_large(limit: u64) -> GitError {
    let mib = limit / (1024 * 1024);
    GitError::Failed(format!("the repository's docs folder needs more than {mib} MiB; give a smaller one"))
}

fn lines(ids: &[String]) -> Vec<u8> {
    let mut lines = ids.join("\n").into_bytes();
    lines.push(b'\n');
    lines
}

fn broken(error: io::Error) -> GitError {
    GitError::Failed(format!("the local copy cannot be used: {error}"))
}

/// The sum of all files' sizes. What vanishes meanwhile is nothing.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size_of(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}
