//! Where git takes its hooks from, for the working tree around a folder.
//!
//! A linked working tree has a file in the place of `.git` and shares the main one's hooks
//! (<https://git-scm.com/docs/gitrepository-layout>); a repository's own configuration may name another
//! folder (<https://git-scm.com/docs/git-config#Documentation/git-config.txt-corehooksPath>).

use std::path::{Path, PathBuf};

use super::paths::View;

/// The folders of the hooks that git runs in the working tree around `folder`.
pub fn folders(folder: &Path, view: &impl View) -> Vec<PathBuf> {
    let has_git = |above: &&Path| view.identity(&above.join(".git")).is_some();
    let Some(top) = folder.ancestors().find(has_git) else { return Vec::new() };
    let common = common(top, view);
    let named = view.text(&common.join("config")).and_then(|config| hooks_path(&config));
    // Hooks in a folder that holds the whole working tree would make every file of it one.
    let named = named.map(|path| top.join(path)).filter(|path| !top.starts_with(path));
    [common.join("hooks")].into_iter().chain(named).collect()
}

/// The files that say where those folders are, and what git is not to see.
pub fn files(folder: &Path, view: &impl View) -> Vec<PathBuf> {
    let has_git = |above: &&Path| view.identity(&above.join(".git")).is_some();
    let Some(top) = folder.ancestors().find(has_git) else { return Vec::new() };
    let common = common(top, view);
    ["config", "config.worktree", "info/exclude"].map(|name| common.join(name)).into()
}

/// The folder with what all working trees of a repository share.
fn common(top: &Path, view: &impl View) -> PathBuf {
    let own = top.join(".git");
    let Some(link) = view.text(&own) else { return own };
    let Some(private) = link.trim().strip_prefix("gitdir:") else { return own };
    let private = top.join(private.trim());
    match view.text(&private.join("commondir")) {
        Some(shared) => private.join(shared.trim()),
        None => private,
    }
}

/// The value of `core.hooksPath`; the last one counts.
fn hooks_path(config: &str) -> Option<PathBuf> {
    let mut in_core = false;
    let mut found = None;
    for line in config.lines().map(str::trim) {
        let line = match line.strip_prefix('[').and_then(|line| line.split_once(']')) {
            Some((section, rest)) => {
                in_core = section.trim().eq_ignore_ascii_case("core");
                rest.trim()
            }
            None => line,
        };
        if let Some((name, value)) = line.split_once('=').filter(|_| in_core)
            && name.trim().eq_ignore_ascii_case("hookspath")
        {
            let value = value.split(['#', ';']).next().unwrap_or_default().trim();
            found = Some(value.trim_matches('"')).filter(|value| !value.is_empty()).map(PathBuf::from);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    struct Files(BTreeMap<&'static str, &'static str>);

    impl View for Files {
        fn link(&self, _: &Path) -> Option<PathBuf> {
            None
        }
        fn identity(&self, path: &Path) -> Option<(u64, u64)> {
            let at = self.0.keys().position(|file| Path::new(file).starts_with(path))?;
            Some((at as u64, path.components().count() as u64))
        }
        fn entries(&self, _: &Path) -> Vec<OsString> {
            Vec::new()
        }
        fn folds_case(&self) -> bool {
            false
        }
        fn text(&self, path: &Path) -> Option<String> {
            self.0.get(path.to_str()?).map(|text| (*text).to_owned())
        }
    }

    #[test]
    fn every_working_tree_of_a_repository_leads_to_the_same_hooks() {
        let files = Files(
            [
                ("/main/.git/config", "[core]\n\tbare = false\n"),
                ("/main/.git/worktrees/fix/commondir", "../..\n"),
                ("/fix/.git", "gitdir: /main/.git/worktrees/fix\n"),
                ("/near/.git", "gitdir: ../main/.git/worktrees/fix\n"),
                ("/sub/.git", "gitdir: ../main/.git/modules/sub\n"),
                ("/odd/.git", "nonsense"),
            ]
            .into(),
        );
        for (folder, expected) in [
            ("/main", Some("/main/.git/hooks")),
            ("/main/src/deep", Some("/main/.git/hooks")),
            ("/fix/src", Some("/main/.git/worktrees/fix/../../hooks")),
            ("/near", Some("/near/../main/.git/worktrees/fix/hooks")),
            ("/sub", Some("/sub/../main/.git/modules/sub/hooks")),
            ("/odd", Some("/odd/.git/hooks")),
            ("/elsewhere", None),
        ] {
            assert_eq!(
                folders(Path::new(folder), &files),
                expected.map(PathBuf::from).into_iter().collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn the_configuration_may_name_another_folder() {
        for (config, expected) in [
            ("[core]\n\thooksPath = .husky/_\n", Some(".husky/_")),
            ("[Core] hookspath=\"/h\"", Some("/h")),
            ("[core]\nhooksPath = a\n[core]\nhooksPath = b # c\n", Some("b")),
            ("[other]\nhooksPath = a\n", None),
            ("[core]\nhooksPath =\n", None),
            ("hooksPath = a", None),
        ] {
            assert_eq!(hooks_path(config), expected.map(PathBuf::from), "{config}");
        }
        let config = |path| Files([("/p/.git/config", path)].into());
        let both = folders(Path::new("/p"), &config("[core]\nhooksPath = .githooks"));
        assert_eq!(both, ["/p/.git/hooks", "/p/.githooks"].map(PathBuf::from));
        assert_eq!(folders(Path::new("/p"), &config("[core]\nhooksPath = .")).len(), 1);
    }
}
