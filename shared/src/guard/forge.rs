//! Calls that change a repository elsewhere, through the host that keeps it: GitHub, GitLab, Gitea,
//! Bitbucket, Azure DevOps. What they call `docs/a.md` is not the file here, and may be the very docs
//! that the platform pulls; so a person decides.
//!
//! They are told by what they name beside the path: who owns which repository, or the project and the
//! branch. What also names a place here is not one of them.

use std::path::PathBuf;

use serde_json::Value;

use super::fields::paths_in;

/// Names of a repository that say by themselves where it is kept.
const WHOLE: [&str; 6] = ["projectid", "projectpath", "repositoryid", "repoid", "reposlug", "repositoryslug"];
/// Names of a repository that need an owner's.
const REPOSITORIES: [&str; 4] = ["repo", "repository", "reponame", "repositoryname"];
const OWNERS: [&str; 6] = ["owner", "org", "organization", "workspace", "namespace", "group"];
/// What a change of a repository has beside its path.
const CHANGES: [&str; 7] = ["branch", "branchname", "newbranch", "commitmessage", "message", "sha", "ref"];

/// What a request for review goes by, and what is said about a file in it: that changes no file.
const REQUESTS: [&str; 5] =
    ["pullnumber", "pullrequestnumber", "pullrequestid", "mergerequestiid", "issuenumber"];
const REMARKS: [&str; 3] = ["body", "comment", "note"];

/// The paths in a repository elsewhere that a call changes; `None` for every other call.
pub fn paths(input: &Value) -> Option<Vec<PathBuf>> {
    let fields = input.as_object()?;
    let names: Vec<String> = fields
        .iter()
        .filter(|(_, value)| value.is_string() || value.is_number())
        .map(|(name, _)| {
            name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
        })
        .collect();
    let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
    let is_named = has(&WHOLE) || (has(&REPOSITORIES) && has(&OWNERS));
    if !is_named {
        return None;
    }
    if has(&REQUESTS) && has(&REMARKS) {
        return Some(Vec::new());
    }
    if !has(&CHANGES) {
        return None;
    }
    let paths = paths_in(input);
    let is_here = |path: &PathBuf| {
        path.is_absolute() || path.starts_with("~") || path.starts_with("..") || path.starts_with(".")
    };
    (!paths.iter().any(is_here)).then_some(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_repository_elsewhere_is_told_by_who_keeps_it_and_a_place_here_by_its_path() {
        let docs = Some(vec![PathBuf::from("docs/a.md")]);
        for (input, expected) in [
            (
                json!({"owner": "acme", "repo": "web", "path": "docs/a.md", "content": "x", "branch": "main", "message": "m"}),
                docs.clone(),
            ),
            (
                json!({"owner": "acme", "repo": "web", "branch": "main", "files": [{"path": "docs/a.md", "content": "x"}], "message": "m"}),
                docs.clone(),
            ),
            (
                json!({"project_id": 7, "file_path": "docs/a.md", "branch": "main", "commit_message": "m"}),
                docs.clone(),
            ),
            (
                json!({"workspace": "acme", "repo_slug": "web", "path": "docs/a.md", "message": "m"}),
                docs.clone(),
            ),
            (json!({"owner": "acme", "repo": "web", "filePath": "docs/a.md", "branch_name": "main"}), docs),
            (json!({"owner": "acme", "repo": "web", "path": "/proj/docs/a.md", "branch": "main"}), None),
            (json!({"owner": "acme", "repo": "web", "path": "./docs/a.md", "branch": "main"}), None),
            (json!({"owner": "acme", "repo": "web", "path": "docs/a.md"}), None),
            (
                json!({"owner": "acme", "repo": "web", "path": "docs/a.md", "pull_number": 7, "body": "?"}),
                Some(vec![]),
            ),
            (json!({"repo": "web", "path": "docs/a.md", "branch": "main"}), None),
            (json!({"path": "docs/a.md", "message": "m"}), None),
            (json!({"bucket": "b", "url": "https://x", "path": "docs/a.md"}), None),
            (json!("docs/a.md"), None),
        ] {
            assert_eq!(paths(&input), expected, "{input}");
        }
    }
}
