//! A check that a person or a script asked for: of one project, or of all that a monorepo has.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use super::{Asker, check, document, line, warnings};
use crate::app::{Context, Globals};
use crate::config::{find_root, is_root};
use crate::credentials::Caller;
use crate::error::Result;
use crate::hook::below;
use crate::output::{Output, shown};

const ASKER: Asker<'static> = Asker { caller: Caller::Person, session: None, agent: None };

/// Checks the project, and those below where its root is the top of a working tree.
pub async fn run(globals: Globals, out: Output, begun: Instant) -> Result<()> {
    let top = find_root(&std::env::current_dir()?, globals.root.as_deref());
    // A root or a project that was named is the only one that is meant.
    let is_named = globals.root.is_some() || globals.project.is_some();
    let below = if is_named { Vec::new() } else { below::projects(&top) };
    if below.is_empty() {
        out.json(&named(&Context::new(globals, out)?, begun, "").await?);
        return Ok(());
    }
    let own = is_root(&top).then(|| top.clone());
    let (mut documents, mut failed) = (Vec::new(), None);
    for root in own.into_iter().chain(below) {
        let name = name(&top, &root);
        let globals = Globals { root: Some(root), ..globals.clone() };
        // One project's lock does not keep the others from their docs.
        let checked = match Context::new(globals, out) {
            Ok(context) => named(&context, Instant::now(), &format!("{name}: ")).await,
            Err(error) => Err(error),
        };
        match checked {
            Ok(mut document) => {
                document["root"] = name.into();
                documents.push(document);
            }
            Err(mut error) => {
                error.message = format!("{name}: {}", error.message);
                match &failed {
                    None => failed = Some(error),
                    Some(_) => out.warn(&error.message),
                }
            }
        }
    }
    match failed {
        Some(error) => Err(error),
        None => {
            out.json(&json!({ "projects": documents }));
            Ok(())
        }
    }
}

/// Checks one project and says what was found, after `name`; the same as one document.
pub async fn named(context: &Context, begun: Instant, name: &str) -> Result<Value> {
    let checked = check(context, ASKER, begun).await?;
    warnings(&checked).iter().for_each(|text| context.out.warn(&format!("{name}{text}")));
    context.out.data(&format!("{name}{}", line(&checked)));
    Ok(document(&checked))
}

/// A project's folder, as seen from the top.
fn name(top: &Path, root: &Path) -> String {
    let below = root.strip_prefix(top).map_or_else(|_| root.to_owned(), PathBuf::from);
    if below.as_os_str().is_empty() { ".".to_owned() } else { shown(&below.to_string_lossy()) }
}
