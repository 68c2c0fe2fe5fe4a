//! The block in an agent's instructions that points to the docs, as text.

const BEGIN: &str = "<!-- aitk:begin -->";
const END: &str = "<!-- aitk:end -->";
/// Before the docs to begin with.
const ENTRY: &str = "Start with ";

/// The instructions with a block that points to the docs in `folder`, and to `entry` among them, by
/// path; where those are not known, what an earlier block named stays.
pub fn with(text: &str, folder: &str, entry: &[String]) -> String {
    let old = find_block(text);
    let named = match entry {
        [] => old.and_then(|(start, end)| {
            let mut lines = text[start..end].lines();
            lines
                .find(|line| line.starts_with(ENTRY) && line.contains(&format!("`{folder}/")))
                .map(str::to_owned)
        }),
        entry => {
            let paths = entry.iter().map(|path| format!("`{folder}/{path}`")).collect::<Vec<_>>();
            Some(format!("{ENTRY}{}.", paths.join(", ")))
        }
    };
    let named = named.map(|line| line + "\n").unwrap_or_default();
    let block = format!(
        "{BEGIN}\n\
         ## The team's docs\n\
         \n\
         The team's docs are in `{folder}/`: a read-only copy that `aitk` keeps current. It is hidden from git, so\n\
         some searches skip it; name it: `ls {folder}`, `grep -r WORD {folder}`. Read the docs that apply before you\n\
         change anything. Do not edit them, nor the repository's own docs folder: tell the user what should change.\n\
         {named}{END}\n"
    );
    match old {
        Some((start, end)) => format!("{}{block}{}", &text[..start], &text[end..]),
        None if text.is_empty() => block,
        None => format!("{}\n\n{block}", text.trim_end_matches('\n')),
    }
}

/// The instructions without our block.
pub fn without(text: &str) -> String {
    let Some((start, end)) = find_block(text) else { return text.to_owned() };
    let (before, after) = (&text[..start], &text[end..]);
    match before.strip_suffix("\n\n") {
        Some(before) if after.is_empty() => format!("{before}\n"),
        _ => format!("{before}{after}"),
    }
}

fn find_block(text: &str) -> Option<(usize, usize)> {
    let start = text.find(BEGIN)?;
    let end = start + text[start..].find(END)? + END.len();
    Some((start, end + usize::from(text[end..].starts_with('\n'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_put_in_once_and_taken_out_without_a_trace() {
        for text in ["", "# My project\n\nRules.\n"] {
            let once = with(text, ".docs", &["README.md".into(), "a b.md".into()]);
            assert!(once.contains("Start with `.docs/README.md`, `.docs/a b.md`.\n"), "{once}");
            assert_eq!(with(&once, ".docs", &[]), once);
            assert_eq!(without(&once), text);
            let moved = with(&once, "kb", &[]);
            assert!(moved.contains("`kb/`") && !moved.contains(".docs"), "{moved}");
        }
        let between = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(without(&between), "a\nb\n");
    }
}
