//! Whether an agent's tool call may go ahead.
//!
//! Pure: the tool, the places it names and the projects around them come in, a
//! verdict goes out. What is protected is decided by where a path leads, never by how
//! it is spelled. When in doubt, a person decides; what cannot be read is denied.

pub mod command;
pub mod fields;
pub mod forge;
pub mod githooks;
pub mod intent;
pub mod lease;
pub mod names;
pub mod patch;
pub mod paths;
pub mod powershell;
pub mod refusal;
pub mod settings;
pub mod shell;
pub mod tool;

use std::path::{Path, PathBuf};

pub use intent::{Aim, Intent};
pub use paths::{Lost, Place, View};
pub use refusal::Refusal;
pub use tool::Tool;

use settings::{Change, Kind};
use shell::{Doubt, Reach};

/// Between the mirror's name and the random end of a staging folder's name.
pub const STAGING_INFIX: &str = ".aitk-";
/// The project file.
pub const PROJECT_FILE: &str = ".aitk.toml";

/// One project's protected trees.
#[derive(Clone, Debug)]
pub struct Site {
    /// The project root.
    pub root: Place,
    /// What is protected below it, or why that cannot be known.
    pub trees: Result<Trees, String>,
}

/// What a project protects.
#[derive(Clone, Debug)]
pub struct Trees {
    /// The mirror. Nobody writes there, staging beside it included.
    pub mirror: Place,
    /// Whether the mirror holds everything that the platform has, as far as is known; a project
    /// that is not configured has no platform.
    pub is_complete: bool,
    /// The project's own docs folder.
    pub docs: Place,
    /// Whether this machine's user holds the lock: then the docs folder is free.
    pub docs_are_free: bool,
    /// What the project file adds.
    pub more: Vec<Place>,
}

/// Where a call is judged.
#[derive(Debug)]
pub struct Scene<'a, V> {
    /// The projects that it could touch.
    pub sites: &'a [Site],
    /// The agent's folder.
    pub cwd: &'a Path,
    /// The user's home.
    pub home: Option<&'a Path>,
    /// What our program is, and keeps for its user: each called `aitk`.
    pub ours: &'a [PathBuf],
    /// The file system.
    pub view: &'a V,
}

/// The answer to a tool call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing of ours is in its way.
    Allow,
    /// It cannot be decided here; a person has to.
    Ask(Refusal),
    /// It must not run.
    Deny(Refusal),
}

/// Judges what a call is going to do. One thing that must not be is enough, then one that a person
/// has to decide.
pub fn judge<V: View>(intent: &Intent, scene: &Scene<'_, V>) -> Verdict {
    if intent.is_blind {
        return Verdict::Deny(Refusal::NoTarget);
    }
    let denied = intent.aims.iter().find_map(|aim| {
        let protected = scene.sites.iter().find_map(|site| site.refusal(aim, scene.view));
        protected.or_else(|| scene.ends_hooks(aim))
    });
    if let Some(refusal) = denied {
        return Verdict::Deny(refusal);
    }
    let hooks = if intent.is_harmless() { Vec::new() } else { scene.hooks() };
    let elsewhere = |aim| scene.sites.iter().find_map(|site| site.refusal(aim, scene.view));
    let asked = intent
        .aims
        .iter()
        .find_map(|aim| scene.own(aim, &hooks))
        .or_else(|| intent.elsewhere.iter().find(|aim| elsewhere(aim).is_some()).map(Refusal::elsewhere))
        .or_else(|| intent.aitk.iter().find_map(|words| command::needs_a_person(words)).map(Refusal::Command))
        .or_else(|| intent.doubts.iter().find_map(|doubt| scene.doubted(doubt, &hooks)));
    asked.map_or(Verdict::Allow, Verdict::Ask)
}

impl Site {
    /// Why `aim` must not be written in this project.
    pub fn refusal(&self, aim: &Aim, view: &impl View) -> Option<Refusal> {
        let below = |place: &Place| {
            let path = place.lexical.strip_prefix(&self.root.lexical);
            let path = path.or_else(|_| place.physical.strip_prefix(&self.root.physical));
            path.ok().filter(|path| !path.as_os_str().is_empty()).unwrap_or(&place.lexical).to_owned()
        };
        // Of what is taken away with more the protected part is named.
        let shown = |tree: &Place| below(if tree.is_in(&aim.place, view) { tree } else { &aim.place });
        let trees = match &self.trees {
            Ok(trees) => trees,
            // The repair is for a person to allow.
            Err(_) if aim.place.lexical == self.root.lexical.join(PROJECT_FILE) => return None,
            Err(why) => return aim.touches(&self.root, view).then(|| Refusal::Unknown(why.clone())),
        };
        let (refusal, path): (fn(_) -> _, _) =
            if aim.touches(&trees.mirror, view) || trees.is_staging(&aim.place, view) {
                (Refusal::Mirror, shown(&trees.mirror))
            } else if aim.touches(&trees.docs, view) && !trees.docs_are_free {
                (Refusal::Docs, shown(&trees.docs))
            } else if let Some(tree) = trees.more.iter().find(|tree| aim.touches(tree, view)) {
                (Refusal::Protected, shown(tree))
            } else {
                return None;
            };
        Some(if trees.is_complete { refusal(path) } else { Refusal::Unsynced(path) })
    }

    /// Whether `aim` writes below this project's root.
    pub fn holds(&self, aim: &Aim, view: &impl View) -> bool {
        aim.touches(&self.root, view)
    }

    /// The protected tree that a fragment of a command may mean.
    fn doubted(&self, name: &str, place: Option<&Place>, view: &impl View) -> bool {
        let Ok(trees) = &self.trees else { return place.is_some_and(|place| place.is_in(&self.root, view)) };
        let is_in = |place: &Place| {
            place.is_in(&trees.mirror, view)
                || trees.is_staging(place, view)
                || place.is_in(&trees.docs, view) && !trees.docs_are_free
                || trees.more.iter().any(|tree| place.is_in(tree, view))
        };
        let mirror = trees.mirror.lexical.file_name().unwrap_or_default().to_string_lossy();
        let names_mirror = |part: &str| {
            part.eq_ignore_ascii_case(&mirror) || part.starts_with(&*(mirror.clone() + STAGING_INFIX))
        };
        name.split(['/', '\\']).any(names_mirror) || place.is_some_and(is_in)
    }
}

impl Trees {
    fn is_staging(&self, place: &Place, view: &impl View) -> bool {
        let name = self.mirror.lexical.file_name().map(|name| name.to_string_lossy().into_owned());
        place.is_in_sibling(&self.mirror, &(name.unwrap_or_default() + STAGING_INFIX), view)
    }
}

impl<V: View> Scene<'_, V> {
    /// The settings or files of ours that `aim` is, where they count here.
    fn kind(&self, aim: &Aim) -> Option<Kind> {
        aim.place.spellings().find_map(|path| {
            let (base, kind) = settings::kind(path)?;
            self.counts(base).then_some(kind)
        })
    }

    /// Whether settings in the folder `base` count: at the projects, above them and the agent, at home.
    fn counts(&self, base: &Path) -> bool {
        let same = |folder: &Path| paths::is_same(folder, base, self.view);
        self.home.is_some_and(same)
            || self.cwd.ancestors().any(same)
            || self.sites.iter().flat_map(|site| site.root.ancestors()).any(same)
    }

    /// Whether writing `aim` would end our hooks.
    fn ends_hooks(&self, aim: &Aim) -> Option<Refusal> {
        if self.kind(aim)? != Kind::Settings {
            return None;
        }
        let old = self.view.text(&aim.place.physical).unwrap_or_default();
        let new = aim.change.applied(&old)?;
        settings::end_hooks(&aim.place.lexical, &old, &new)
            .then(|| Refusal::EndsHooks(aim.place.lexical.clone()))
    }

    /// Git's hooks in the working trees here, which may lie elsewhere, and what they hang on.
    fn hooks(&self) -> Vec<Place> {
        let roots = self.sites.iter().map(|site| site.root.physical.as_path());
        let of = |folder| {
            githooks::folders(folder, self.view).into_iter().chain(githooks::files(folder, self.view))
        };
        let mut folders: Vec<_> = roots.chain([self.cwd]).flat_map(of).collect();
        folders.dedup();
        folders.iter().filter_map(|folder| Place::find(folder, self.cwd, self.view).ok()).collect()
    }

    /// Whether `aim` is, or takes along, something by which our hooks run.
    fn own(&self, aim: &Aim, hooks: &[Place]) -> Option<Refusal> {
        if hooks.iter().any(|folder| aim.touches(folder, self.view)) || self.is_ours(aim) {
            return Some(Refusal::Own(aim.place.lexical.clone()));
        }
        let asks = match self.kind(aim) {
            Some(Kind::Ours) => true,
            Some(Kind::Settings) => {
                aim.change == Change::Unknown
                    || self.view.text(&aim.place.physical).is_some_and(|text| settings::carry_hooks(&text))
            }
            None => aim.reach == Reach::Tree && self.takes_along(aim),
        };
        asks.then(|| Refusal::Own(aim.place.lexical.clone()))
    }

    /// Whether `aim` is our program, or in what it keeps.
    fn is_ours(&self, aim: &Aim) -> bool {
        // Most paths have nothing of the name in them, and are not looked at further.
        let is_near = |path: &Path| {
            path.iter()
                .filter_map(|name| Path::new(name).file_stem())
                .any(|name| name.eq_ignore_ascii_case("aitk"))
        };
        let may_be = aim.reach == Reach::Tree || is_near(&aim.place.lexical) || is_near(&aim.place.physical);
        let places = self
            .ours
            .iter()
            .filter(|_| may_be)
            .filter_map(|path| Place::find(path, self.cwd, self.view).ok());
        places.into_iter().any(|place| aim.touches(&place, self.view))
    }

    fn takes_along(&self, aim: &Aim) -> bool {
        let roots = self.sites.iter().map(|site| site.root.lexical.as_path());
        let bases = roots.chain([self.cwd]).chain(self.home);
        bases.flat_map(settings::below).any(|(path, kind)| {
            let Ok(place) = Place::find(&path, self.cwd, self.view) else { return false };
            place.is_in(&aim.place, self.view)
                && self.view.identity(&path).is_some()
                && (kind == Kind::Ours
                    || self.view.text(&path).is_some_and(|text| settings::carry_hooks(&text)))
        })
    }

    /// Whether what could not be decided may concern a protected tree, or our hooks.
    fn doubted(&self, doubt: &Doubt, hooks: &[Place]) -> Option<Refusal> {
        let cwd = doubt.cwd.as_deref().unwrap_or(self.cwd);
        let named = doubt.names.iter().find(|name| {
            let place = Place::find(Path::new(name.as_str()), cwd, self.view).ok();
            let own = |place: &Place| {
                let aim = Aim { place: place.clone(), reach: Reach::File, change: Change::Unknown };
                self.own(&aim, hooks).is_some()
            };
            self.sites.iter().any(|site| site.doubted(name, place.as_ref(), self.view))
                || place.as_ref().is_some_and(own)
        })?;
        Some(Refusal::Doubt { name: named.clone(), why: doubt.why.clone() })
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::guard::shell::Setting;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    const OURS: &str = r#"{"hooks": {"PreToolUse": [{"hooks": [{"command": "aitk guard"}]}]}}"#;

    /// Files with their texts; no links.
    #[derive(Default)]
    struct Files(BTreeMap<PathBuf, String>);

    impl View for Files {
        fn link(&self, _: &Path) -> Option<PathBuf> {
            None
        }
        fn identity(&self, path: &Path) -> Option<(u64, u64)> {
            let at = self.0.keys().position(|file| file.starts_with(path));
            // A folder has another identity than the files in it.
            at.map(|at| (at as u64, path.components().count() as u64))
        }
        fn entries(&self, _: &Path) -> Vec<OsString> {
            Vec::new()
        }
        fn folds_case(&self) -> bool {
            false
        }
        fn text(&self, path: &Path) -> Option<String> {
            self.0.get(path).cloned()
        }
    }

    fn files() -> Files {
        let files = [
            ("/proj/.aitk.toml", "project = 'web'"),
            ("/proj/.claude/settings.json", OURS),
            ("/proj/.codex/hooks.json", "{}"),
            ("/home/dev/.gemini/settings.json", OURS),
            ("/other/.claude/settings.json", OURS),
        ];
        Files(files.map(|(path, text)| (path.into(), text.into())).into())
    }

    fn place(path: &str) -> Place {
        Place::find(Path::new(path), Path::new("/proj"), &Files::default()).unwrap()
    }

    fn site() -> Site {
        let trees = Trees {
            mirror: place(".docs"),
            is_complete: true,
            docs: place("docs"),
            docs_are_free: false,
            more: vec![place("handbook")],
        };
        Site { root: place(""), trees: Ok(trees) }
    }

    fn with(change: impl FnMut(&mut Trees)) -> Site {
        let mut site = site();
        site.trees.iter_mut().for_each(change);
        site
    }

    fn verdict(tool: &Tool, site: Site) -> Verdict {
        let (cwd, home, view) = (Path::new("/proj"), Some(Path::new("/home/dev")), files());
        let intent = Intent::of(tool, &Setting { cwd, home, variable: &|_| None }, &view).unwrap();
        let ours = [PathBuf::from("/home/dev/.local/share/aitk"), "/home/dev/.local/bin/aitk".into()];
        judge(&intent, &Scene { sites: &[site], cwd, home, ours: &ours, view: &view })
    }

    fn called(name: &str, input: &Value) -> &'static str {
        match verdict(&tool::classify(name, input), site()) {
            Verdict::Allow => "allow",
            Verdict::Ask(_) => "ask",
            Verdict::Deny(_) => "deny",
        }
    }

    #[test]
    fn what_is_protected_and_what_is_free() {
        let (mirror, docs, more) = (Refusal::Mirror, Refusal::Docs, Refusal::Protected);
        // path, for everybody, for the holder of the lock
        for (path, everybody, holder) in [
            (
                ".docs/a.md",
                Some(&mirror as &dyn Fn(PathBuf) -> Refusal),
                Some(&mirror as &dyn Fn(PathBuf) -> Refusal),
            ),
            (".docs", Some(&mirror), Some(&mirror)),
            (".docs.aitk-1/a.md", Some(&mirror), Some(&mirror)),
            ("docs/a.md", Some(&docs), None),
            ("docs", Some(&docs), None),
            ("handbook/a.md", Some(&more), Some(&more)),
            ("src/docs/a.md", None, None),
            ("src/a.md", None, None),
            ("docs-old/a.md", None, None),
            ("/elsewhere/docs/a.md", None, None),
        ] {
            for tool in [Tool::Writes as fn(Vec<PathBuf>) -> Tool, Tool::Unknown, Tool::Removes] {
                let tool = tool(vec![path.into()]);
                let expected = |rule: Option<&dyn Fn(PathBuf) -> Refusal>| {
                    rule.map_or(Verdict::Allow, |rule| Verdict::Deny(rule(path.into())))
                };
                assert_eq!(verdict(&tool, site()), expected(everybody), "{path}");
                let free = with(|trees| trees.docs_are_free = true);
                assert_eq!(verdict(&tool, free), expected(holder), "{path}, holder");
            }
        }
        assert_eq!(verdict(&Tool::Reads, site()), Verdict::Allow);
    }

    #[test]
    fn a_write_without_a_target_is_denied_and_a_call_without_paths_is_not() {
        assert_eq!(verdict(&Tool::Writes(vec![]), site()), Verdict::Deny(Refusal::NoTarget));
        assert_eq!(verdict(&Tool::Unknown(vec![]), site()), Verdict::Allow);
    }

    #[test]
    fn what_is_above_a_protected_tree_may_be_written_to_and_not_taken_away() {
        for path in ["/proj", "/", "."] {
            assert!(matches!(verdict(&Tool::Removes(vec![path.into()]), site()), Verdict::Deny(_)), "{path}");
            assert_eq!(verdict(&Tool::Unknown(vec![path.into()]), site()), Verdict::Allow, "{path}");
        }
        assert_eq!(verdict(&Tool::Removes(vec!["src".into()]), site()), Verdict::Allow);
    }

    #[test]
    fn unreadable_settings_stop_all_writes_below_but_the_repair_which_a_person_allows() {
        let broken = || Site { root: place(""), trees: Err("line 1: no".into()) };
        let writes = |path: &str| verdict(&Tool::Writes(vec![path.into()]), broken());
        assert!(matches!(writes("src/a.rs"), Verdict::Deny(Refusal::Unknown(_))));
        assert!(matches!(writes(".aitk.toml"), Verdict::Ask(Refusal::Own(_))));
        assert_eq!(writes("/elsewhere/a.rs"), Verdict::Allow);
    }

    #[test]
    fn without_docs_the_reason_says_how_to_get_them() {
        let missing = with(|trees| trees.is_complete = false);
        let Verdict::Deny(refusal) = verdict(&Tool::Writes(vec!["docs/a.md".into()]), missing) else {
            panic!()
        };
        assert!(refusal.to_string().contains("`aitk check`"), "{refusal}");
        let missing = with(|trees| trees.is_complete = false);
        assert_eq!(verdict(&Tool::Writes(vec!["src/a.rs".into()]), missing), Verdict::Allow);
    }

    #[test]
    fn what_runs_the_hooks_is_for_a_person_and_what_ends_them_is_denied() {
        let more = OURS.replacen('{', r#"{"model": "opus","#, 1);
        for (path, text, expected) in [
            ("/proj/.claude/settings.json", "{}", "deny"),
            ("/proj/.claude/settings.json", &*more, "ask"),
            ("/proj/.claude/settings.local.json", r#"{"disableAllHooks": true}"#, "deny"),
            ("/proj/.claude/settings.local.json", r#"{"model": "opus"}"#, "allow"),
            ("/proj/.codex/hooks.json", "{}", "allow"),
            ("/home/dev/.gemini/settings.json", "{}", "deny"),
            ("/home/dev/.gemini/settings.json", &*more, "ask"),
            // These set up no session here.
            ("/other/.claude/settings.json", "{}", "allow"),
            ("/proj/tests/fixtures/.claude/settings.json", r#"{"disableAllHooks": true}"#, "allow"),
            ("/proj/.aitk.toml", "protect = []", "ask"),
            ("/proj/.git/hooks/pre-commit", "#!/bin/sh", "ask"),
            ("/proj/.opencode/plugin/aitk.js", "", "ask"),
            ("/proj/.git/config", "[core]", "ask"),
            ("/proj/.git/info/exclude", "", "ask"),
            ("/home/dev/.gitconfig", "[core]", "ask"),
            ("/home/dev/.local/share/aitk/sessions/x.json", "{}", "ask"),
            ("/home/dev/.local/bin/aitk", "", "ask"),
            ("/home/dev/src/aitk/x.rs", "", "allow"),
            ("/proj/.claude/agents/a.md", "", "allow"),
        ] {
            assert_eq!(
                called("Write", &json!({"file_path": path, "content": text})),
                expected,
                "{path} {text}"
            );
        }
        let edit = |old: &str, new: &str| {
            let path = "/proj/.claude/settings.json";
            called("Edit", &json!({"file_path": path, "old_string": old, "new_string": new}))
        };
        assert_eq!(edit("aitk guard", "true"), "deny");
        assert_eq!(edit("{\"hooks\"", "{\"model\": \"opus\", \"hooks\""), "ask");
        assert_eq!(edit("{\"hooks\"", "{\"disableAllHooks\": true, \"hooks\""), "deny");
        // What cannot be known is asked.
        assert_eq!(
            called("mcp__fs__write_file", &json!({"path": ".claude/settings.json", "content": "{}"})),
            "ask"
        );
        assert_eq!(called("mcp__fs__move_file", &json!({"path": ".claude"})), "ask");
        assert_eq!(called("mcp__fs__move_file", &json!({"path": ".codex"})), "allow");
    }

    #[test]
    fn a_powershell_script_that_writes_and_names_the_docs_is_for_a_person() {
        for (script, expected) in [
            ("Set-Content .docs\\a.md x", "ask"),
            ("Set-Content C:\\elsewhere\\.docs\\a.md x", "ask"),
            ("'x' > docs/a.md", "ask"),
            ("Remove-Item .claude/settings.json", "ask"),
            ("Get-Content .docs/a.md", "allow"),
            ("Set-Content src/a.md x", "allow"),
            ("aitk unlock --force", "ask"),
            ("aitk check", "allow"),
        ] {
            assert_eq!(called("PowerShell", &json!({"command": script})), expected, "{script}");
        }
    }

    #[test]
    fn one_bad_place_among_good_ones_is_enough() {
        let tool = Tool::Unknown(vec!["src/a".into(), "docs/a".into()]);
        assert!(matches!(verdict(&tool, site()), Verdict::Deny(Refusal::Docs(_))));
    }

    #[test]
    fn reasons_cannot_forge_lines() {
        let text = Refusal::Mirror("a\nOK: allowed\x1b[2J".into()).to_string();
        assert!(!text.contains('\n') && !text.contains('\x1b'), "{text}");
    }
}
