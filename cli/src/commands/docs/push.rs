//! `aitk docs push DIR`: makes the docs on the server what a folder holds, as one revision.
//!
//! Only what differs is uploaded. Docs that the folder does not have stay, unless `--delete` is
//! given. The push is made only on top of the docs that the plan was made from, so nobody's work
//! is lost; when they changed meanwhile, nothing is changed and the exit code is 7. A name
//! that no doc can have stops the push; links are left out and named.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use aitk_shared::api::{Batch, BatchDelete, BatchDone, BatchPut, Content, DocList};
use aitk_shared::hash::ContentHash;
use aitk_shared::manifest::Manifest;
use aitk_shared::path::DocPath;

use super::tree;
use crate::app::Context;
use crate::error::{Error, Kind, Result};
use crate::lease;
use crate::output::shown;

/// New and changed docs that the plan names.
const NAMED: usize = 20;

/// Upload a folder as one revision
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk docs push handbook
  aitk docs push handbook --delete --yes --message 'import of the wiki'")]
pub struct Args {
    /// The folder; its content becomes the docs
    dir: PathBuf,
    /// Delete the docs that the folder does not have
    #[arg(long)]
    delete: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Say what changed, for the history
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,
}

/// What is to be done.
#[derive(Default)]
struct Plan {
    added: Vec<(DocPath, Vec<u8>)>,
    changed: Vec<(DocPath, Vec<u8>)>,
    removed: Vec<DocPath>,
    /// Docs that the folder does not have and that stay.
    kept: Vec<DocPath>,
}

/// Plans, asks, uploads.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let project = context.project()?;
    let client = context.client()?;
    let token = lease::token(context, project)?;
    let tree = walk(&args.dir, context)?;
    let list = client.doc_list(project).await?;
    let plan = plan(tree, &list, args.delete)?;
    plan.show(context);
    if plan.is_empty() {
        context.out.note("nothing to push");
        let nothing = BatchDone {
            hash: list.hash,
            revision: list.revision,
            added: vec![],
            changed: vec![],
            removed: vec![],
        };
        context.out.json(&nothing);
        return Ok(());
    }
    context.out.require_yes(args.yes, "push this?")?;
    let done = client.batch(project, &plan.into_batch(args.message), Some(list.hash), token).await?;
    context.out.note(&format!(
        "pushed as revision {}: {} added, {} changed, {} deleted",
        done.revision,
        done.added.len(),
        done.changed.len(),
        done.removed.len()
    ));
    context.out.json(&done);
    Ok(())
}

fn walk(dir: &Path, context: &Context) -> Result<tree::Tree> {
    let tree = tree::walk(dir)?;
    for what in &tree.skipped {
        context.out.warn(&format!("left out: {what}"));
    }
    match tree.refused.is_empty() {
        true => Ok(tree),
        false => Err(Error::new(
            Kind::Failed,
            format!("nothing was pushed, for some names cannot be a doc's:\n  {}", tree.refused.join("\n  ")),
        )
        .hint("rename them, or move them out of the folder")),
    }
}

/// Compares by hash; of what is equal nothing is kept in memory.
fn plan(tree: tree::Tree, list: &DocList, delete: bool) -> Result<Plan> {
    let remote: BTreeMap<_, _> = list.docs.iter().map(|doc| (&doc.path, doc.hash)).collect();
    let mut plan = Plan::default();
    for &path in remote.keys().filter(|path| !tree.files.contains_key(**path)) {
        match delete {
            true => plan.removed.push(path.clone()),
            false => plan.kept.push(path.clone()),
        }
    }
    if let Some(collision) = Manifest::collision_of(tree.files.keys().chain(&plan.kept)) {
        return Err(Error::new(Kind::Failed, format!("nothing was pushed: {collision}"))
            .hint("rename one of the two, or delete what is only on the server with --delete"));
    }
    for (path, file) in tree.files {
        let bytes = fs::read(&file).map_err(|error| {
            Error::new(Kind::Failed, format!("cannot read {}: {error}", shown(&file.to_string_lossy())))
        })?;
        let hash = ContentHash::of(&bytes);
        match remote.get(&path) {
            None => plan.added.push((path, bytes)),
            Some(old) if *old != hash => plan.changed.push((path, bytes)),
            Some(_) => {}
        }
    }
    Ok(plan)
}

impl Plan {
    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    /// Every deletion is named, of the rest the first few.
    fn show(&self, context: &Context) {
        let few = |verb: &str, paths: Vec<&DocPath>| {
            for path in paths.iter().take(NAMED) {
                context.out.note(&format!("{verb:6} {}", shown(path.as_str())));
            }
            if paths.len() > NAMED {
                context.out.note(&format!("{verb:6} … and {} more", paths.len() - NAMED));
            }
        };
        few("add", self.added.iter().map(|(path, _)| path).collect());
        few("change", self.changed.iter().map(|(path, _)| path).collect());
        for path in &self.removed {
            context.out.note(&format!("delete {}", shown(path.as_str())));
        }
        if !self.kept.is_empty() {
            let kept = self.kept.len();
            context.out.note(&format!("keep   {kept} that the folder does not have (--delete deletes them)"));
        }
    }

    fn into_batch(self, message: Option<String>) -> Batch {
        let put = |(path, bytes): (DocPath, Vec<u8>)| {
            let Content { content, encoding } = Content::from_bytes(bytes);
            BatchPut { path: path.into(), content, encoding, if_match: None }
        };
        let delete = |path: DocPath| BatchDelete { path: path.into(), if_match: None };
        Batch {
            message,
            puts: self.added.into_iter().chain(self.changed).map(put).collect(),
            deletes: self.removed.into_iter().map(delete).collect(),
        }
    }
}
