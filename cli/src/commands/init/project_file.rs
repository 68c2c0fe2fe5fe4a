//! `.aitk.toml`, as text.

use toml_edit::{DocumentMut, value};

use crate::app::Context;

/// Tells a file of ours from one that somebody wrote.
const HEADER: &str = "# Written by `aitk init`; commit it.\n";

/// What the file is to say.
#[derive(Debug)]
pub struct Wish {
    url: String,
    project: String,
    /// Whether the command line gave them, so that they replace what the file says.
    url_given: bool,
    project_given: bool,
}

impl Wish {
    /// What this run knows; `None` without a project.
    pub fn of(context: &Context) -> Option<Self> {
        Some(Wish {
            url: context.config.url.clone(),
            project: context.config.project.clone()?,
            url_given: context.globals.url.is_some(),
            project_given: context.globals.project.is_some(),
        })
    }
}

/// The file with server and project; what it already says stays, unless the command line says otherwise.
pub fn with(text: &str, wish: &Wish) -> Result<String, String> {
    let mut file: DocumentMut = if text.is_empty() { HEADER } else { text }
        .parse()
        .map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    for (key, wanted, given) in
        [("url", &wish.url, wish.url_given), ("project", &wish.project, wish.project_given)]
    {
        let says = file.get(key).and_then(|item| item.as_str());
        if says.is_none() || (given && says != Some(wanted)) {
            file[key] = value(wanted);
        }
    }
    let text = file.to_string();
    // The parser keeps a comment without fields as the file's end.
    Ok(match text.strip_suffix(HEADER) {
        Some(fields) if !fields.is_empty() => format!("{HEADER}{fields}"),
        _ => text,
    })
}

/// Nothing, if the file is as `with` made it; else the file, which somebody has made theirs.
pub fn without(text: &str) -> String {
    let ours = text.strip_prefix(HEADER).is_some_and(|fields| {
        fields.lines().all(|line| line.starts_with("url = \"") || line.starts_with("project = \""))
    });
    if ours { String::new() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(given: bool) -> Wish {
        Wish {
            url: "https://docs.example.com".into(),
            project: "acme-web".into(),
            url_given: given,
            project_given: given,
        }
    }

    #[test]
    fn a_new_file_says_server_and_project_and_goes_again() {
        let text = with("", &wish(false)).unwrap();
        assert_eq!(text, format!("{HEADER}url = \"https://docs.example.com\"\nproject = \"acme-web\"\n"));
        assert_eq!(with(&text, &wish(true)).unwrap(), text);
        assert_eq!(without(&text), "");
    }

    #[test]
    fn somebodys_file_keeps_its_fields_and_comments_and_stays() {
        let text = "# ours\nurl = 'https://other'  # why\n\n[x]\ny = 1\n";
        let kept = with(text, &wish(false)).unwrap();
        assert!(
            kept.starts_with("# ours\nurl = 'https://other'  # why\n") && kept.contains("\"acme-web\""),
            "{kept}"
        );
        assert_eq!(with(&kept, &wish(false)).unwrap(), kept);
        let changed = with(text, &wish(true)).unwrap();
        assert!(
            changed.contains("https://docs.example.com") && !changed.contains("https://other"),
            "{changed}"
        );
        assert_eq!(without(&changed), changed);
        assert!(with("]", &wish(true)).is_err());
    }
}
