//! The line in a `.gitignore` that hid the mirror, as text. Agents' search goes by that file, too, so
//! the mirror is hidden in the clone's own exclude file instead.

/// The file without lines that name nothing but `mirror`, which is relative to the file's folder.
pub fn without(text: &str, mirror: &str) -> String {
    text.split_inclusive('\n').filter(|line| !hides(line, mirror)).collect()
}

fn hides(line: &str, mirror: &str) -> bool {
    let pattern = line.trim();
    let pattern = pattern.strip_prefix("**/").or_else(|| pattern.strip_prefix('/')).unwrap_or(pattern);
    let pattern = pattern.trim_end_matches('*').trim_end_matches('/');
    pattern == mirror
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_name_the_mirror_go() {
        let text = "*.log\n.docs\n.docs/\n/.docs\n/.docs/*\n**/.docs/**\n  .docs/  \r\n!/.docs/\n.docs.bak\n# .docs/\nx/.docs\n";
        assert_eq!(without(text, ".docs"), "*.log\n!/.docs/\n.docs.bak\n# .docs/\nx/.docs\n");
        assert_eq!(without("web/.docs/\n.docs\n", "web/.docs"), ".docs\n");
        assert_eq!(without("*\n**\n/\n", ".docs"), "*\n**\n/\n");
    }
}
