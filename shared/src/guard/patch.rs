//! The files that a patch touches: `apply_patch`'s own format
//! (<https://github.com/openai/codex>, `apply_patch_tool_instructions.md`), and unified diffs.

use std::path::PathBuf;

use serde_json::Value;

const HEADERS: [&str; 5] =
    ["*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: ", "*** Rename to: "];
const DIFF_HEADERS: [&str; 5] = ["--- ", "+++ ", "rename from ", "rename to ", "copy to "];

/// Every file named in the patches that `input` holds, at any depth.
pub fn patched(input: &Value) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(input, &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<PathBuf>) {
    match value {
        Value::String(text) if text.contains("*** ") => {
            let paths = text
                .lines()
                .map(str::trim)
                .filter_map(|line| HEADERS.iter().find_map(|h| line.strip_prefix(h)));
            found.extend(paths.map(|path| PathBuf::from(path.trim())));
        }
        Value::String(text) if text.contains("+++ ") || text.contains("rename to ") => {
            found.extend(diffed(text))
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// Both spellings of each path count: with the `a/` or `b/` that git puts in front, and without.
fn diffed(text: &str) -> impl Iterator<Item = PathBuf> {
    let named = |line| DIFF_HEADERS.iter().find_map(|header| str::strip_prefix(line, header));
    let path = |text: &str| text.split('\t').next().unwrap_or_default().trim().trim_matches('"').to_owned();
    text.lines().filter_map(named).map(path).filter(|path| path != "/dev/null").flat_map(|path| {
        let bare = path.strip_prefix("a/").or_else(|| path.strip_prefix("b/")).map(PathBuf::from);
        [Some(PathBuf::from(&path)), bare].into_iter().flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_file_of_a_patch_is_found() {
        let patch = "*** Begin Patch\n*** Update File: src/a.rs\n*** Move to: docs/a.md\n@@\n-x\n+y\n  \
                     *** Delete File: b c\n*** Add File: /p/d\r\n+*** Add File: no\n*** End Patch";
        let expected: Vec<_> = ["src/a.rs", "docs/a.md", "b c", "/p/d"].map(PathBuf::from).into();
        assert_eq!(patched(&json!({ "input": patch })), expected);
    }

    #[test]
    fn so_is_every_file_of_a_diff() {
        let diff = "diff --git a/x b/x\n--- a/x\t2026\n+++ b/docs/y\n@@ -1 +1 @@\n-a\n+b\nrename to z\n";
        let expected: Vec<_> = ["a/x", "x", "b/docs/y", "docs/y", "z"].map(PathBuf::from).into();
        assert_eq!(patched(&json!(diff)), expected);
        assert!(patched(&json!({"text": "a plain text", "n": 1})).is_empty());
    }
}
