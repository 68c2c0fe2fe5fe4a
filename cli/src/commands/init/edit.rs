//! One file's change: read, decided as text, then shown or made as a whole.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::atomic;
use crate::credentials::create_private_dir;
use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// A file before and after; no text means no file.
#[derive(Debug)]
pub struct Edit {
    path: PathBuf,
    /// How people know the file: relative to the root.
    name: String,
    before: Option<String>,
    after: Option<String>,
    /// Whether the file is a program.
    runs: bool,
}

impl Edit {
    /// Reads the file called `name` below `root`; one that leads out of the root is refused.
    pub fn read(root: &Path, name: &str) -> Result<Self> {
        let path = root.join(name);
        if let (Ok(real), Ok(root)) = (path.canonicalize(), root.canonicalize())
            && !real.starts_with(&root)
        {
            return Err(Error::new(
                Kind::Failed,
                format!("{name} is a link that leads to {}", real.display()),
            )
            .hint("init writes nothing outside the project; replace the link with a file"));
        }
        Edit::of(path, name.to_owned())
    }

    /// Reads a file that may be anywhere, such as git's own.
    pub fn read_anywhere(root: &Path, path: &Path) -> Result<Self> {
        let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
        Edit::of(path.to_owned(), name)
    }

    fn of(path: PathBuf, name: String) -> Result<Self> {
        let before = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(Error::new(Kind::Failed, format!("cannot read {name}: {error}"))),
        };
        Ok(Edit { path, name, after: before.clone(), before, runs: false })
    }

    /// The same edit of a file that is a program.
    pub fn that_runs(self) -> Self {
        Edit { runs: true, ..self }
    }

    /// The same edit with the text that `change` makes of the file's; a file left empty goes.
    pub fn into(self, change: impl FnOnce(&str) -> String) -> Self {
        let after = change(self.before.as_deref().unwrap_or_default());
        let same = self.before.as_deref().unwrap_or_default() == after;
        let after = if same { self.before.clone() } else { Some(after).filter(|text| !text.is_empty()) };
        Edit { after, ..self }
    }

    /// The same, where the file's text may not allow it.
    pub fn try_into(self, change: impl FnOnce(&str) -> std::result::Result<String, String>) -> Result<Self> {
        let text = self.before.as_deref().unwrap_or_default();
        let after = change(text).map_err(|why| {
            Error::new(Kind::Failed, format!("{}: {}", self.name, shown(&why)))
                .hint("nothing was changed; mend the file and run the command again")
        })?;
        Ok(self.into(|_| after))
    }

    /// The file's text as it was read.
    pub fn text(&self) -> &str {
        self.before.as_deref().unwrap_or_default()
    }

    /// Keeps a copy of the file, where there is one, in `folder`; returns the copy.
    pub fn back_up(&self, folder: &Path) -> Result<Option<PathBuf>> {
        let Some(before) = &self.before else { return Ok(None) };
        let copy = folder.join(self.name.trim_start_matches('/'));
        let cannot = |error: std::io::Error| {
            Error::new(Kind::Failed, format!("cannot keep a copy of {}: {error}", self.name))
                .hint("nothing was changed")
        };
        // Settings may hold secrets.
        create_private_dir(copy.parent().unwrap_or(folder))?;
        fs::write(&copy, before).map_err(cannot)?;
        Ok(Some(copy))
    }

    /// The file itself, behind links.
    pub fn real_path(&self) -> PathBuf {
        self.path.canonicalize().unwrap_or_else(|_| self.path.clone())
    }

    /// Whether there is anything to do.
    pub fn changes(&self) -> bool {
        self.before != self.after
    }

    /// The file, for people.
    pub fn shown(&self) -> String {
        shown(&self.name)
    }

    /// What is done to it.
    pub fn verb(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "write",
            (_, None) => "remove",
            _ => "change",
        }
    }

    /// The change as a unified diff.
    pub fn diff(&self) -> String {
        let side = |text: &Option<String>, start: &str| match text {
            Some(_) => format!("{start}/{}", self.shown()),
            None => "/dev/null".to_owned(),
        };
        let (before, after) = (self.before.as_deref().unwrap_or(""), self.after.as_deref().unwrap_or(""));
        TextDiff::from_lines(before, after)
            .unified_diff()
            .header(&side(&self.before, "a"), &side(&self.after, "b"))
            .to_string()
    }

    /// Makes the change.
    pub fn make(&self) -> Result<()> {
        let cannot = |error: std::io::Error| {
            let failed = Error::new(Kind::Failed, format!("cannot change {}: {error}", self.name));
            match error.kind() {
                ErrorKind::PermissionDenied => failed.hint("run it as the user to whom that file belongs"),
                _ => failed,
            }
        };
        let Some(text) = &self.after else {
            fs::remove_file(&self.path).map_err(cannot)?;
            // A folder that held nothing else goes, too; the root and git's own never are empty.
            let _ = self.path.parent().map(fs::remove_dir);
            return Ok(());
        };
        if let Some(parent) = self.path.parent() {
            fs::create_dir_all(parent).map_err(cannot)?;
        }
        atomic::replace(&self.path, text.as_bytes())?;
        #[cfg(unix)]
        if self.runs {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&self.path).map_err(cannot)?.permissions().mode();
            // Whoever may read it may run it.
            let mode = mode | (mode & 0o444) >> 2;
            fs::set_permissions(&self.path, fs::Permissions::from_mode(mode)).map_err(cannot)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_makes_changes_and_removes_a_file() {
        let root = tempfile::tempdir().unwrap();
        let read = || Edit::read(root.path(), "a/b.txt").unwrap();
        assert!(!read().changes() && !read().into(|_| String::new()).changes());
        let made = read().into(|_| "x\n".into());
        assert_eq!((made.verb(), made.diff().lines().last()), ("write", Some("+x")));
        made.make().unwrap();
        assert!(!read().into(str::to_owned).changes());
        let gone = read().into(|_| String::new());
        assert_eq!(gone.verb(), "remove");
        gone.make().unwrap();
        assert!(!root.path().join("a").exists());
    }

    #[test]
    fn a_link_out_of_the_project_is_refused() {
        let (root, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(home.path().join(".bashrc"), "").unwrap();
        std::os::unix::fs::symlink(home.path().join(".bashrc"), root.path().join("CLAUDE.md")).unwrap();
        assert!(Edit::read(root.path(), "CLAUDE.md").is_err());
    }
}
