//! What a tool call is going to do, with every path followed.

use std::path::{Path, PathBuf};

use super::paths::{Lost, Place, View};
use super::powershell;
use super::settings::Change;
use super::shell::{self, Doubt, Effects, Reach, Setting};
use super::tool::Tool;

/// What a call is going to do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Intent {
    /// What it writes.
    pub aims: Vec<Aim>,
    /// What it names in a repository elsewhere, as if it lay here.
    pub elsewhere: Vec<Aim>,
    /// Whether it writes and does not say where.
    pub is_blind: bool,
    /// What could not be decided.
    pub doubts: Vec<Doubt>,
    /// The words after `aitk` in own commands that it runs.
    pub aitk: Vec<Vec<String>>,
}

/// Something that is going to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Aim {
    /// Where.
    pub place: Place,
    /// How far it reaches.
    pub reach: Reach,
    /// What becomes of the file's text.
    pub change: Change,
}

impl Intent {
    /// What a call of `tool` is going to do.
    pub fn of(tool: &Tool, setting: &Setting<'_>, view: &impl View) -> Result<Self, Lost> {
        let aims = |paths: &[PathBuf], reach, change: &Change| {
            let aim = |path: &PathBuf| Aim::find(path, setting, reach, change.clone(), view);
            paths.iter().map(aim).collect::<Result<Vec<_>, _>>()
        };
        let starting_in = |folder: &Option<PathBuf>| match folder {
            Some(folder) => setting.cwd.join(at_home(folder, setting.home)),
            None => setting.cwd.to_owned(),
        };
        Ok(match tool {
            Tool::Reads => Intent::default(),
            Tool::Writes(paths) => {
                let aims = aims(paths, Reach::File, &Change::Unknown)?;
                Intent { is_blind: aims.is_empty(), aims, ..Intent::default() }
            }
            Tool::Unknown(paths) => {
                Intent { aims: aims(paths, Reach::File, &Change::Unknown)?, ..Intent::default() }
            }
            Tool::Remote(paths) => {
                Intent { elsewhere: aims(paths, Reach::File, &Change::Unknown)?, ..Intent::default() }
            }
            Tool::Removes(paths) => {
                Intent { aims: aims(paths, Reach::Tree, &Change::Unknown)?, ..Intent::default() }
            }
            Tool::Sets { path, change } => {
                Intent { aims: aims(std::slice::from_ref(path), Reach::File, change)?, ..Intent::default() }
            }
            Tool::Shell { script, folder } => {
                let cwd = starting_in(folder);
                let setting = Setting { cwd: &cwd, home: setting.home, variable: setting.variable };
                Intent::of_effects(shell::effects(script, &setting, view), &setting, view)?
            }
            Tool::PowerShell { script, folder } => {
                let cwd = starting_in(folder);
                let setting = Setting { cwd: &cwd, home: setting.home, variable: setting.variable };
                Intent::of_effects(powershell::effects(script), &setting, view)?
            }
        })
    }

    fn of_effects(effects: Effects, setting: &Setting<'_>, view: &impl View) -> Result<Self, Lost> {
        let aim = |write: shell::Write| Aim::find(&write.path, setting, write.reach, Change::Unknown, view);
        let mut doubts = effects.doubts;
        for doubt in &mut doubts {
            doubt.cwd.get_or_insert_with(|| setting.cwd.to_owned());
        }
        Ok(Intent {
            aims: effects.writes.into_iter().map(aim).collect::<Result<_, _>>()?,
            elsewhere: Vec::new(),
            is_blind: false,
            doubts,
            aitk: effects.aitk,
        })
    }

    /// Whether nothing can come of it.
    pub fn is_harmless(&self) -> bool {
        let names_nothing = self.aims.is_empty() && self.elsewhere.is_empty();
        !self.is_blind && names_nothing && self.doubts.is_empty() && self.aitk.is_empty()
    }
}

impl Aim {
    fn find(
        path: &Path,
        setting: &Setting<'_>,
        reach: Reach,
        change: Change,
        view: &impl View,
    ) -> Result<Self, Lost> {
        let place = Place::find(&at_home(path, setting.home), setting.cwd, view)?;
        Ok(Aim { place, reach, change })
    }

    /// Whether it reaches the folder `tree`, or something in it.
    pub fn touches(&self, tree: &Place, view: &impl View) -> bool {
        self.place.is_in(tree, view) || self.reach == Reach::Tree && tree.is_in(&self.place, view)
    }
}

/// `~/x` as a shell would read it.
fn at_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
