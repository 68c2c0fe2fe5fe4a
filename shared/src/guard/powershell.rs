//! A look at a PowerShell script: whether it speaks of writing, and what it names. It is not parsed.

use super::shell::{Doubt, Effects};

/// Beginnings and names that write.
const VERBS: [&str; 38] = [
    "set-",
    "add-",
    "out-file",
    "remove-",
    "new-item",
    "move-",
    "copy-",
    "rename-",
    "clear-",
    "tee",
    "export-",
    "invoke-expression",
    "invoke-webrequest",
    "start-process",
    "expand-archive",
    "sc",
    "ac",
    "ri",
    "rm",
    "del",
    "erase",
    "rd",
    "rmdir",
    "mv",
    "move",
    "mi",
    "cp",
    "copy",
    "cpi",
    "ni",
    "md",
    "mkdir",
    "ren",
    "rni",
    "iex",
    "git",
    "clc",
    "write-output",
];

/// What `script` might do: doubts, and our own commands.
pub fn effects(script: &str) -> Effects {
    let mut effects = Effects::default();
    let mut names = Vec::new();
    let mut writes = script.contains('>') || script.contains("::");
    for statement in script.split([';', '|', '\n', '&', '{', '}']) {
        let words: Vec<String> = statement
            .split(|c: char| c.is_whitespace() || "'\"`(),=<>@[]".contains(c))
            .filter(|word| !word.is_empty())
            .map(|word| word.replace('\\', "/"))
            .collect();
        writes |= words.iter().any(|word| is_verb(word));
        if let Some(at) = words.iter().position(|word| word == "aitk" || word == "aitk.exe") {
            effects.aitk.push(words[at + 1..].to_vec());
        }
        names.extend(words);
    }
    if writes {
        let why = "PowerShell is not looked through, and this script speaks of writing".to_owned();
        effects.doubts.push(Doubt { why, names, cwd: None });
    }
    effects
}

fn is_verb(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    VERBS.iter().any(|verb| word == *verb || (verb.ends_with('-') && word.starts_with(verb)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_writes_is_in_doubt_with_all_its_names() {
        for (script, names) in [
            ("Set-Content -Path .docs\\a.md -Value x", Some(".docs/a.md")),
            ("'x' > docs/a.md", Some("docs/a.md")),
            ("[IO.File]::WriteAllText('.docs/a.md', 'x')", Some(".docs/a.md")),
            ("ri -Recurse .docs", Some(".docs")),
            ("Get-Content .docs/a.md", None),
            ("dir", None),
        ] {
            let found = effects(script).doubts;
            assert_eq!(found.is_empty(), names.is_none(), "{script}");
            assert!(names.is_none_or(|name| found[0].names.iter().any(|n| n == name)), "{script}: {found:?}");
        }
        assert_eq!(effects("cd x; aitk unlock --force").aitk, [["unlock", "--force"]]);
    }
}
