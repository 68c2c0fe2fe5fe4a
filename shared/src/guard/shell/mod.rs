//! What a shell script does to files, as far as its text tells.
//!
//! The script is parsed and walked as bash would run it, with every way that it could
//! take: words become the values they may have ([`words`]), commands what they write
//! ([`commands`]). Nothing is run and no file is read; folders are listed through
//! [`View`] for globs and `find` alone. Work is bounded: a script that is too long, too
//! deep or does too much becomes one [`Doubt`] over its whole text.

mod braces;
mod commands;
mod compound;
mod diff;
mod emit;
mod globs;
mod parameters;
mod parse;
mod quotes;
mod redirects;
mod simple;
mod state;
mod text;
mod walk;
mod words;

use std::path::{Path, PathBuf};

use super::View;

/// Where a script starts.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The folder, absolute.
    pub cwd: &'a Path,
    /// The user's home folder.
    pub home: Option<&'a Path>,
    /// The environment's variables, by name.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

/// What a script does, as far as its text tells.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Effects {
    /// Targets that are decided.
    pub writes: Vec<Write>,
    /// What could not be decided.
    pub doubts: Vec<Doubt>,
    /// Our own commands that are run: the words after `aitk`, up to the first unknown one.
    pub aitk: Vec<Vec<String>>,
}

/// A path that a script changes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Write {
    /// Absolute, spelled as it is reached: links and `..` are still in it.
    pub path: PathBuf,
    /// How far below it the change goes.
    pub reach: Reach,
}

/// How far a change goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reach {
    /// The path itself, or something that is put there.
    File,
    /// The path and everything below.
    Tree,
}

/// Something that could not be decided.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Doubt {
    /// What it is about, short and safe to show.
    pub why: String,
    /// What the doubtful part names: literal fragments that could be paths or their ends.
    pub names: Vec<String>,
    /// The folder that it runs in; `None` when that is unknown too.
    pub cwd: Option<PathBuf>,
}

/// What `script` does to files when a shell runs it at `setting`.
pub fn effects(script: &str, setting: &Setting<'_>, view: &impl View) -> Effects {
    let mut walker = walk::Walker::new(setting, view);
    walker.script(&text::Text::known(script));
    walker.finish(script)
}
