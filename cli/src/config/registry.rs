//! `projects.toml` in the user's config folder: the projects that only their user knows, so that
//! nothing of ours has to be committed there.
//!
//! An entry is found by the canonical path of its root, and for the other working trees of its
//! repository by the git folder that they share.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::Deserialize;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::place::Dirs;

/// The file, in the user's config folder.
pub const REGISTRY_FILE: &str = "projects.toml";
/// Tells people what the file is.
const HEADER: &str =
    "# Written by `aitk init --local`: projects of yours without a file in the repository.\n";
/// The name of the list in the file.
const LIST: &str = "project";

/// One project.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Entry {
    /// The root; canonical.
    pub root: PathBuf,
    /// What all working trees of the repository share, where the root is the top of one; canonical.
    pub git: Option<PathBuf>,
    /// The server.
    pub url: String,
    /// Id or slug.
    pub project: String,
}

/// The projects that the user registered.
#[derive(Clone, Default, PartialEq, Eq, Debug, Deserialize)]
pub struct Registry {
    #[serde(default, rename = "project")]
    entries: Vec<Entry>,
}

impl Registry {
    /// The user's, read once in a run; the error says why it cannot be.
    pub fn of_user() -> Result<&'static Registry, &'static str> {
        static READ: OnceLock<Result<Registry, String>> = OnceLock::new();
        let read = || Dirs::of_user().map_or_else(|_| Ok(Registry::default()), |dirs| Registry::read(&dirs));
        READ.get_or_init(read).as_ref().map_err(String::as_str)
    }

    fn read(dirs: &Dirs) -> Result<Self, String> {
        let path = dirs.config.join(REGISTRY_FILE);
        let named = |why: &str| format!("{}: {why}", path.display());
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Registry::default()),
            Err(error) => Err(named(&error.to_string())),
            Ok(text) => toml::from_str(&text).map_err(|error| named(error.message())),
        }
    }

    /// The project whose root `folder` is.
    pub fn find(&self, folder: &Path) -> Option<&Entry> {
        if self.entries.is_empty() {
            return None;
        }
        let here = folder.canonicalize().ok()?;
        self.entries.iter().find(|entry| entry.root == here).or_else(|| {
            let git = common_folder(&here)?;
            self.entries.iter().find(|entry| entry.git.as_ref() == Some(&git))
        })
    }
}

/// Whether the user registered `folder`; false also where that cannot be known.
pub fn is_registered(folder: &Path) -> bool {
    Registry::of_user().is_ok_and(|registry| registry.find(folder).is_some())
}

/// What all working trees of the repository share of which `top` is one, as
/// <https://git-scm.com/docs/gitrepository-layout> tells; canonical.
pub fn common_folder(top: &Path) -> Option<PathBuf> {
    let own = top.join(".git");
    let shared = match fs::read_to_string(&own) {
        Err(_) => own,
        Ok(link) => {
            let private = top.join(link.trim().strip_prefix("gitdir:")?.trim());
            match fs::read_to_string(private.join("commondir")) {
                Ok(common) => private.join(common.trim()),
                Err(_) => private,
            }
        }
    };
    shared.canonicalize().ok()
}

/// The file's text with `entry` in the place of one for the same root or repository.
pub fn with(text: &str, entry: &Entry) -> Result<String, String> {
    let mut file = parse(if text.is_empty() { HEADER } else { text })?;
    let list = list(&mut file)?;
    let at = list.iter().position(|table| is_of(table, entry)).unwrap_or(list.len());
    if at == list.len() {
        list.push(Table::new());
    }
    let table = list.get_mut(at).ok_or("an entry is gone")?;
    let path = |path: &Path| path.to_str().map(value).ok_or_else(|| "a path is not UTF-8".to_owned());
    table["root"] = path(&entry.root)?;
    if let Some(git) = &entry.git {
        table["git"] = path(git)?;
    }
    table["url"] = value(&entry.url);
    table["project"] = value(&entry.project);
    let text = file.to_string();
    // The parser keeps a comment without fields as the file's end.
    Ok(match text.strip_suffix(HEADER) {
        Some(fields) if !fields.is_empty() => format!("{HEADER}{fields}"),
        _ => text,
    })
}

/// The file's text without `entry`; nothing where it held no other.
pub fn without(text: &str, entry: &Entry) -> Result<String, String> {
    let mut file = parse(text)?;
    let list = list(&mut file)?;
    let had = list.len();
    list.retain(|table| !is_of(table, entry));
    Ok(match list.len() {
        0 if had > 0 => String::new(),
        left if left == had => text.to_owned(),
        _ => file.to_string(),
    })
}

fn parse(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())
}

fn list(file: &mut DocumentMut) -> Result<&mut ArrayOfTables, String> {
    let list = file.entry(LIST).or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    list.as_array_of_tables_mut().ok_or_else(|| format!("'{LIST}' is no list of tables"))
}

fn is_of(table: &Table, entry: &Entry) -> bool {
    let says = |name: &str| table.get(name).and_then(Item::as_str).map(Path::new);
    says("root") == Some(&entry.root) || entry.git.is_some() && says("git") == entry.git.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(root: &str, git: Option<&str>, project: &str) -> Entry {
        let url = "https://docs.example.com".into();
        Entry { root: root.into(), git: git.map(Into::into), url, project: project.into() }
    }

    #[test]
    fn a_project_is_put_in_once_and_taken_out_without_a_trace() {
        let (web, app) = (entry("/p/web", Some("/p/web/.git"), "web"), entry("/p/app", None, "app"));
        let one = with("", &web).unwrap();
        assert!(one.starts_with(HEADER), "{one}");
        assert_eq!(with(&one, &web).unwrap(), one);
        let two = with(&one, &app).unwrap();
        let read: Registry = toml::from_str(&two).unwrap();
        assert_eq!(read.entries, [web.clone(), app.clone()]);
        assert_eq!(without(&two, &app).unwrap(), one);
        assert_eq!(without(&one, &app).unwrap(), one);
        assert_eq!(without(&one, &web).unwrap(), "");
        assert_eq!(without("", &web).unwrap(), "");
    }

    #[test]
    fn another_working_tree_of_a_repository_is_the_same_project() {
        let one = with("", &entry("/p/web", Some("/p/web/.git"), "web")).unwrap();
        let other = with(&one, &entry("/p/fix", Some("/p/web/.git"), "new")).unwrap();
        let read: Registry = toml::from_str(&other).unwrap();
        assert_eq!(read.entries, [entry("/p/fix", Some("/p/web/.git"), "new")]);
        assert_eq!(without(&other, &entry("/p/web", Some("/p/web/.git"), "")).unwrap(), "");
    }

    #[test]
    fn a_root_is_found_by_its_path_and_its_working_trees_by_their_repository() {
        let home = tempfile::tempdir().unwrap();
        let base = home.path().canonicalize().unwrap();
        for folder in ["web/.git/worktrees/fix", "web/src", "fix", "plain/deep"] {
            fs::create_dir_all(base.join(folder)).unwrap();
        }
        fs::write(base.join("web/.git/worktrees/fix/commondir"), "../..\n").unwrap();
        fs::write(base.join("fix/.git"), "gitdir: ../web/.git/worktrees/fix\n").unwrap();
        let web = Entry { git: Some(base.join("web/.git")), ..entry("", None, "web") };
        let web = Entry { root: base.join("web"), ..web };
        let plain = Entry { root: base.join("plain"), ..entry("", None, "plain") };
        let registry = Registry { entries: vec![web, plain] };
        for (folder, project) in [
            ("web", Some("web")),
            ("fix", Some("web")),
            ("web/../fix/.", Some("web")),
            ("plain", Some("plain")),
            ("web/src", None),
            ("plain/deep", None),
            ("gone", None),
        ] {
            let found = registry.find(&base.join(folder)).map(|entry| entry.project.as_str());
            assert_eq!(found, project, "{folder}");
        }
    }
}
