//! The room with the real git program and a real git host on loopback.

mod by_ssh;
mod guarding;
mod pulling;
mod pushing;
#[allow(dead_code, missing_docs)]
#[path = "../../../../tests/world/remote.rs"]
mod remote;

use super::*;
pub(super) use remote::{Entry, Remote as Host};

pub(super) const ANN: &str = "Ann <ann@example.org>";

/// A server's folder with git, one git host, one project.
pub(super) struct World {
    pub dir: tempfile::TempDir,
    pub git: Git,
    pub host: Host,
    pub project: ProjectId,
}

impl World {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let policy = Policy { allow_private: true, ..Policy::default() };
        let git = Git::new(dir.path().join("repos"), policy);
        let host = Host::start();
        host.create("acme");
        World { dir, git, host, project: ProjectId::parse("prj_1").unwrap() }
    }

    /// The docs folder of `main`.
    pub fn remote(&self) -> Remote {
        Remote {
            url: RepoUrl::parse(&self.host.url("acme")).unwrap(),
            branch: Some(Branch::parse("main").unwrap()),
            docs_path: DocPath::parse("docs").unwrap(),
            token: Some(Zeroizing::new(self.host.token())),
        }
    }

    pub async fn pull(&self) -> Result<Tip, GitError> {
        self.git.pull(&self.project, &self.remote()).await
    }

    /// What the tip's docs say, by path.
    pub async fn texts(&self, tip: &Tip) -> Vec<(String, String)> {
        let blobs: Vec<_> = tip.docs.iter().map(|doc| doc.blob.clone()).collect();
        let contents = self.git.contents(&self.project, &blobs).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        tip.docs.iter().map(|doc| doc.path.to_string()).zip(contents.into_iter().map(text)).collect()
    }

    pub async fn push(
        &self,
        onto: Option<&CommitId>,
        changes: &[(&str, Option<&str>)],
    ) -> Result<CommitId, GitError> {
        self.push_to(&self.remote(), onto, changes).await
    }

    pub async fn push_to(
        &self,
        remote: &Remote,
        onto: Option<&CommitId>,
        changes: &[(&str, Option<&str>)],
    ) -> Result<CommitId, GitError> {
        let author = Author { name: "Lea Lead".into(), email: "lea@aitk.invalid".into() };
        let changes = changes
            .iter()
            .map(|(path, text)| (DocPath::parse(path).unwrap(), text.map(|text| text.as_bytes().to_vec())))
            .collect();
        let at = Timestamp::from_millis(1_795_201_800_123);
        self.git.push(&self.project, remote, onto, &changes, &author, "docs: reworked\n\nWhy: ß", at).await
    }

    pub fn copy(&self) -> PathBuf {
        self.git.folder.join("prj_1")
    }
}

pub(super) fn paths(tip: &Tip) -> Vec<&str> {
    tip.docs.iter().map(|doc| doc.path.as_str()).collect()
}

pub(super) fn pairs(texts: &[(&str, &str)]) -> Vec<(String, String)> {
    texts.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect()
}
