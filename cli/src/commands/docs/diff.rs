//! `aitk docs diff A..B [PATH]`: what changed between two revisions of the docs on the server.
//!
//! `A` alone means from A to now. Text is shown as a unified diff, other docs by name. `aitk diff`
//! compares the copy here with the server instead.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use aitk_shared::api::{DocInfo, DocList};
use aitk_shared::event::Offset;
use aitk_shared::path::DocPath;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::checked_bytes;
use crate::app::Context;
use crate::client::Client;
use crate::error::{Error, Kind, Result};
use crate::output::{shown, shown_text};

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// A finer diff of two texts is looked for so long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Show what changed between two revisions
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk docs diff 12..15
  aitk docs diff 12 guides
  aitk docs diff 12.. --stat")]
pub struct Args {
    /// From and to, as `aitk docs log` shows them; to now where only one is given
    #[arg(value_name = "A..B")]
    range: Range,
    /// Only this doc, or the docs in this folder
    path: Option<String>,
    /// Show only how many lines changed
    #[arg(long)]
    stat: bool,
    /// Exit with 6 when anything differs
    #[arg(long)]
    exit_code: bool,
}

/// Two revisions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    from: Offset,
    /// Now, where absent.
    to: Option<Offset>,
}

impl FromStr for Range {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let number = |text: &str| text.parse().map_err(|_| "not revisions such as 12..15, 12.. or 12");
        match text.split_once("..") {
            None => Ok(Range { from: number(text)?, to: None }),
            Some((from, "")) => Ok(Range { from: number(from)?, to: None }),
            Some((from, to)) => Ok(Range { from: number(from)?, to: Some(number(to)?) }),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Change {
    Added,
    Changed,
    Removed,
}

/// One doc that differs.
#[derive(Serialize)]
struct Difference {
    path: DocPath,
    change: Change,
    binary: bool,
    insertions: usize,
    deletions: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
    #[serde(skip)]
    lines: Vec<(Style, String)>,
}

#[derive(Serialize)]
struct Document<'a> {
    from: Offset,
    to: Offset,
    docs: &'a [Difference],
}

/// Compares two lists, then the bytes of what differs.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let project = context.project()?;
    let client = context.client()?;
    let at = async |revision| {
        client.doc_list_at(project, revision).await.map_err(|error| match error.kind {
            Kind::NotFound => error.hint("`aitk docs log` shows the revisions"),
            _ => error,
        })
    };
    let old = at(args.range.from).await?;
    let new = match args.range.to {
        Some(revision) => at(revision).await?,
        None => client.doc_list(project).await?,
    };
    let within = |path: &DocPath| {
        let (path, wanted) = (path.as_str(), args.path.as_deref().map(|path| path.trim_end_matches('/')));
        wanted.is_none_or(|wanted| {
            path.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    if let Some(path) = args
        .path
        .as_ref()
        .filter(|_| ![&old, &new].iter().any(|list| list.docs.iter().any(|doc| within(&doc.path))))
    {
        return Err(Error::new(Kind::NotFound, format!("no doc '{}' at either revision", shown(path)))
            .hint("`aitk docs log` shows which docs changed when"));
    }
    let mut differences = Vec::new();
    for (path, pair) in pairs(&old, &new).into_iter().filter(|(path, _)| within(path)) {
        let difference = compare(&client, project, path, pair, args.stat).await?;
        if !args.stat {
            difference
                .lines
                .iter()
                .for_each(|(style, line)| context.out.data(&format!("{style}{line}{style:#}")));
        }
        differences.push(difference);
    }
    if args.stat {
        stat(&differences, context);
    }
    let (from, to) = (old.revision, new.revision);
    if differences.is_empty() {
        context.out.note(&format!("no difference between revision {from} and {to}"));
    }
    context.out.json(&Document { from, to, docs: &differences });
    match args.exit_code && !differences.is_empty() {
        true => Err(Error::told(Kind::Differs)),
        false => Ok(()),
    }
}

type Pair<'a> = (Option<&'a DocInfo>, Option<&'a DocInfo>);

/// The docs that differ, by path.
fn pairs<'a>(old: &'a DocList, new: &'a DocList) -> BTreeMap<&'a DocPath, Pair<'a>> {
    let mut pairs: BTreeMap<_, Pair<'a>> =
        old.docs.iter().map(|doc| (&doc.path, (Some(doc), None))).collect();
    new.docs.iter().for_each(|doc| pairs.entry(&doc.path).or_default().1 = Some(doc));
    pairs.retain(|_, (old, new)| old.map(|doc| doc.hash) != new.map(|doc| doc.hash));
    pairs
}

async fn compare(
    client: &Client,
    project: &str,
    path: &DocPath,
    (old, new): Pair<'_>,
    counts_only: bool,
) -> Result<Difference> {
    let bytes = async |info: Option<&DocInfo>| match info {
        None => Ok(Vec::new()),
        Some(info) => checked_bytes(&client.doc(project, path, Some(info.revision)).await?),
    };
    let change = match (old, new) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ => Change::Changed,
    };
    let (before, after) = (bytes(old).await?, bytes(new).await?);
    let mut found = Difference {
        path: path.clone(),
        change,
        binary: false,
        insertions: 0,
        deletions: 0,
        diff: None,
        lines: Vec::new(),
    };
    let name = |side: &str, info: Option<&DocInfo>| match info {
        Some(_) => format!("{side}/{}", shown(path.as_str())),
        None => "/dev/null".into(),
    };
    let (a, b) = (name("a", old), name("b", new));
    let (Some(before), Some(after)) = (text(&before), text(&after)) else {
        found.binary = true;
        found.lines.push((Style::new(), format!("Docs {a} and {b} differ, and are no text")));
        return Ok(found);
    };
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(before, after);
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Insert => found.insertions += 1,
            ChangeTag::Delete => found.deletions += 1,
            ChangeTag::Equal => {}
        }
    }
    if counts_only {
        return Ok(found);
    }
    let unified = diff.unified_diff().context_radius(CONTEXT).header(&a, &b).to_string();
    found.lines = unified.lines().enumerate().map(|(n, line)| (style(n, line), shown_text(line))).collect();
    found.diff = Some(unified);
    Ok(found)
}

/// The bytes as text, if they are any.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

fn style(number: usize, line: &str) -> Style {
    match line.as_bytes().first() {
        _ if number < 2 => Style::new().bold(),
        Some(b'@') => AnsiColor::Cyan.on_default(),
        Some(b'+') => AnsiColor::Green.on_default(),
        Some(b'-') => AnsiColor::Red.on_default(),
        _ => Style::new(),
    }
}

fn stat(differences: &[Difference], context: &Context) {
    for one in differences {
        let path = shown(one.path.as_str());
        context.out.data(&match one.binary {
            true => format!("{path} | no text"),
            false => format!("{path} | +{} -{}", one.insertions, one.deletions),
        });
    }
    let sum = |count: fn(&Difference) -> usize| differences.iter().map(count).sum::<usize>();
    let (plus, minus) = (sum(|one| one.insertions), sum(|one| one.deletions));
    context.out.data(&format!("{} docs, +{plus} -{minus}", differences.len()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_two_revisions_or_one_and_now() {
        for (text, from, to) in [("3..5", 3, Some(5)), ("3..", 3, None), ("3", 3, None), ("0..1", 0, Some(1))]
        {
            assert_eq!(text.parse(), Ok(Range { from, to }), "{text}");
        }
        for bad in ["", "..", "..5", "a..b", "3...5", "-1", "3..b"] {
            assert!(bad.parse::<Range>().is_err(), "{bad}");
        }
    }
}
