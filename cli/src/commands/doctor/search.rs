//! Whether agents find the docs: their search skips what git ignores, unless an ignore file of
//! their own says otherwise.

use std::fs;
use std::path::Path;

use super::Finding;
use crate::agents::DIALECTS;
use crate::app::Context;
use crate::commands::init::found;
use crate::mirror::git;
use crate::output::shown;

/// Where Gemini CLI 0.61.0 takes programs of its own accord from (`isTrustedSystemPath` in its bundle).
const TRUSTED: [&str; 8] = [
    "/usr/bin",
    "/bin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
    "/opt/homebrew/Cellar",
    "/usr/local/Cellar",
    "/usr/sbin",
    "/sbin",
];
/// What most agents' search heeds, by way of ripgrep's library.
const IGNORE: &str = ".ignore";

/// Looks at everything that hides the mirror from a search, or shows it.
pub fn examine(context: &Context) -> Vec<Finding> {
    let (root, mirror) = (&context.root, &context.config.mirror);
    let below = mirror.to_string_lossy().replace('\\', "/");
    if let Some(place) = git::ignored_by(root, mirror) {
        let fact = format!("{} hides {below}/ from every agent's search", shown(&place));
        return vec![Finding::fail("search", fact, "take that line out; `aitk init` does so")];
    }
    let in_git = git::exclusion(root, mirror).is_some();
    let used = DIALECTS.into_iter().filter(|dialect| found::is_used(dialect.setup(), root));
    let own = used.filter_map(|dialect| dialect.setup().ignore.map(|file| (dialect.name(), file)));
    let mut findings: Vec<_> = own
        .filter(|(_, file)| !shows(&root.join(file), &below))
        .map(|(name, file)| {
            let fact = format!("{name} does not read {below}/: {file} has no line '!/{below}/'");
            Finding::fail("search", fact, "run `aitk init`")
        })
        .collect();
    if in_git && !shows(&root.join(IGNORE), &below) {
        let fact = format!("agents' search skips {below}/: {IGNORE} has no line '!/{below}/'");
        findings.push(Finding::fail("search", fact, "run `aitk init`, and commit what it writes"));
    }
    let gemini = DIALECTS.into_iter().find(|dialect| dialect.name() == "gemini").map(|gemini| gemini.setup());
    // Without ripgrep it searches by `git grep`, which skips what git is told to leave out.
    if gemini.is_some_and(|setup| found::is_used(setup, root)) && !has_trusted_ripgrep() {
        let fact =
            format!("gemini's search misses {below}/ where ripgrep is not installed for the whole machine");
        findings.push(Finding::warn(
            "search",
            fact,
            "install ripgrep (the program `rg`) where gemini takes it from, such as /usr/bin",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            "search",
            format!("agents' search sees {below}/{}", but_for_qwen(root, &below)),
        ));
    }
    findings
}

/// Whether Gemini CLI would run a ripgrep that is installed: the first on `PATH`, and no other, if it lies
/// in a folder of the system's.
fn has_trusted_ripgrep() -> bool {
    let real = found::on_path("rg").and_then(|path| path.canonicalize().ok());
    real.is_some_and(|path| TRUSTED.iter().any(|folder| path.starts_with(folder)))
}

/// Qwen's tool that finds files by name skips what is in a folder with a dot, whatever its ignore files say.
fn but_for_qwen(root: &Path, below: &str) -> &'static str {
    let qwen = DIALECTS.into_iter().find(|dialect| dialect.name() == "qwen").map(|qwen| qwen.setup());
    let is_hidden = below.split('/').any(|name| name.starts_with('.'));
    match is_hidden && qwen.is_some_and(|setup| found::is_used(setup, root)) {
        true => "; qwen finds docs there by word or by path, but not by name",
        false => "",
    }
}

/// Whether an ignore file takes the mirror out of what is ignored, in its last word on it.
fn shows(file: &Path, below: &str) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    let about = |line: &&str| line.trim_start_matches('!').trim_matches('/') == below;
    text.lines().map(str::trim).rfind(about).is_some_and(|line| line.starts_with('!'))
}
