//! Our own commands, run by an agent: which of them a person has to want.

/// Flags that come before a command and take a value.
const WITH_VALUE: [&str; 7] =
    ["--root", "--project", "--url", "--color", "--timeout", "--deadline", "--retries"];

/// What a person has to decide about `words`, the words after `aitk`; `None` for what only looks,
/// or only brings the docs here.
pub fn needs_a_person(words: &[String]) -> Option<String> {
    let mut names = Vec::new();
    let mut rest = words.iter().map(String::as_str);
    while let Some(word) = rest.next() {
        match word {
            // What comes behind is for somebody else, `--help` as well.
            "--" => break,
            "-h" | "--help" | "-V" | "--version" => return None,
            _ if WITH_VALUE.contains(&word) => drop(rest.next()),
            _ if word.starts_with('-') => {}
            _ => names.push(word),
        }
    }
    let asks = match *names.first()? {
        "lock" | "unlock" | "key" | "login" | "logout" | "join" | "invite" | "init" | "project"
        | "publish" => true,
        "docs" => {
            !matches!(names.get(1).copied(), None | Some("ls" | "cat" | "log" | "show" | "diff" | "help"))
        }
        // A word that the shell makes up only when it runs.
        word => word.contains(['$', '`', '*']),
    };
    let shown = names.len().min(if names[0] == "docs" { 2 } else { 1 });
    asks.then(|| format!("aitk {}", names[..shown].join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_the_platform_or_the_hooks_is_for_a_person() {
        for (line, asked) in [
            ("lock --reason x", Some("aitk lock")),
            ("lock -- make", Some("aitk lock")),
            ("lock -- make --help", Some("aitk lock")),
            ("--url x lock --wait=1h -- rm -V", Some("aitk lock")),
            ("unlock", Some("aitk unlock")),
            ("docs put a.md -", Some("aitk docs put")),
            ("docs edit a.md", Some("aitk docs edit")),
            ("docs rm a.md", Some("aitk docs rm")),
            ("docs push handbook --yes", Some("aitk docs push")),
            ("docs pull", Some("aitk docs pull")),
            ("docs restore a.md --revision 3", Some("aitk docs restore")),
            ("docs -q restore --revision 3 a.md", Some("aitk docs restore")),
            ("docs edit a.md --draft /tmp/x", Some("aitk docs edit")),
            ("docs publish", Some("aitk docs publish")),
            ("publish room type", Some("aitk publish")),
            ("--root /p --project web docs put a.md", Some("aitk docs put")),
            ("key create", Some("aitk key")),
            ("login https://x", Some("aitk login")),
            ("join https://x", Some("aitk join")),
            ("publish issue:1 a.b -", Some("aitk publish")),
            ("init --uninstall", Some("aitk init")),
            ("project set --docs-path x", Some("aitk project")),
            ("$CMD", Some("aitk $CMD")),
            ("check", None),
            ("sync --while-locked", None),
            ("status", None),
            ("diff --exit-code", None),
            ("verify --repair", None),
            ("docs ls", None),
            ("docs cat a.md", None),
            ("docs log --limit 3 a.md", None),
            ("docs show a.md --revision 3", None),
            ("docs diff 3..5 a.md --stat", None),
            ("docs", None),
            ("lock --help", None),
            ("--version", None),
            ("", None),
        ] {
            let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(needs_a_person(&words).as_deref(), asked, "{line}");
        }
    }
}
