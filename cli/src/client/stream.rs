//! A sync's answer, taken in while it comes: its docs one by one, so that memory holds one at a
//! time, everything else as ever. What is decoded here is as strict as the type that it becomes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aitk_shared::api::{DOCS_COUNT_HEADER, SyncAnswer, SyncDoc};
use aitk_shared::limits;
use hyper::body::Bytes;
use reqwest::Response;
use serde::de::{Deserialize, Deserializer, Visitor};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

use super::split::{PLACEHOLDER, Splitter, TooLarge};
use super::{Client, answer};
use crate::error::{Error, Kind, Result};
use crate::mirror::contents::{Arrived, Contents};
use crate::output::Output;

/// An answer that is whole with so many bytes is decoded without a thread of its own.
const SMALL: usize = 64 * 1024;
/// Bytes that are handed over at once: waking the other thread costs more than copying them.
const PART: usize = 256 * 1024;
/// Parts of a body that may wait to be decoded.
const PARTS: usize = 8;
/// Whoever waits for so long is shown that something goes on.
const QUIET: Duration = Duration::from_millis(300);
/// How often what is shown is drawn anew.
const REDRAW: Duration = Duration::from_millis(100);

/// Why an answer could not be taken in.
enum Fault {
    /// It is none.
    Answer(String),
    /// The line broke; whoever read it knows more.
    Cut,
    /// It is one, and a doc's bytes are not what they should be, or found no room here.
    Doc(Error),
}

type Decoded = std::result::Result<SyncAnswer<Arrived>, Fault>;

impl Client {
    /// Takes a sync's answer in.
    pub(super) async fn take_in(
        &self,
        mut response: Response,
        what: &str,
        contents: &Arc<Contents>,
    ) -> Result<SyncAnswer<Arrived>> {
        let count = response.headers().get(DOCS_COUNT_HEADER).and_then(|count| count.to_str().ok());
        count.and_then(|count| count.parse().ok()).inspect(|count| contents.expect(*count));
        let mut start = Vec::new();
        let taken = loop {
            match self.part(&mut response).await? {
                Some(part) => start.extend_from_slice(&part),
                None => break decode(&start, contents),
            }
            if start.len() > SMALL {
                let (sender, parts) = channel(PARTS);
                let (contents, read) = (contents.clone(), start.len() as u64);
                let decoder =
                    tokio::task::spawn_blocking(move || decode_parts(start.into(), parts, &contents));
                self.pour(&mut response, read, sender).await?;
                break decoder.await.map_err(anyhow::Error::from)?;
            }
        };
        taken.map_err(|fault| match fault {
            Fault::Answer(why) => self.protocol_error(what, &why),
            Fault::Cut => Error::new(Kind::Failed, format!("{} was lost on the way to be decoded", what)),
            Fault::Doc(error) => error,
        })
    }

    /// Shows somebody who waits how many docs came.
    pub(super) async fn shown<T>(&self, contents: &Contents, sync: impl Future<Output = T>) -> T {
        let mut sync = std::pin::pin!(sync);
        if let Ok(done) = timeout(QUIET, &mut sync).await {
            return done;
        }
        let Some(bar) = self.out.progress() else { return sync.await };
        loop {
            match (contents.count(), contents.expected()) {
                (0, None) => bar.set_message(format!("asking {}", self.server)),
                (count, Some(expected)) => {
                    bar.set_style(Output::bar());
                    bar.set_length(expected.max(count));
                    bar.set_position(count);
                    bar.set_message("fetching docs");
                }
                (count, None) => bar.set_message(format!("fetching docs: {count} came")),
            }
            bar.tick();
            if let Ok(done) = timeout(REDRAW, &mut sync).await {
                bar.finish_and_clear();
                return done;
            }
        }
    }

    /// Passes a body on, part by part, until it ends or nobody takes it any more.
    async fn pour(
        &self,
        response: &mut Response,
        mut read: u64,
        sender: Sender<Option<Bytes>>,
    ) -> Result<()> {
        let mut gathered = Vec::with_capacity(PART);
        loop {
            let part = self.part(response).await?;
            read += part.as_ref().map_or(0, |part| part.len() as u64);
            self.bound(read, limits::ANSWER_BYTES)?;
            let ended = part.is_none();
            gathered.extend_from_slice(part.as_deref().unwrap_or_default());
            if gathered.len() < PART && !ended {
                continue;
            }
            let full = std::mem::replace(&mut gathered, Vec::with_capacity(PART));
            let is_taken = sender.send(Some(full.into())).await.is_ok();
            if !is_taken || ended {
                // Whoever does not take the end has found a fault before.
                let _ = sender.send(None).await;
                return Ok(());
            }
        }
    }
}

fn decode(body: &[u8], contents: &Contents) -> Decoded {
    let mut taker = Taker::new(contents);
    taker.take(body)?;
    taker.end()
}

/// Decodes a body that still comes. `None` is its end; without it, it was cut.
fn decode_parts(start: Bytes, mut parts: Receiver<Option<Bytes>>, contents: &Contents) -> Decoded {
    let mut taker = Taker::new(contents);
    taker.take(&start)?;
    drop(start);
    loop {
        match parts.blocking_recv() {
            Some(Some(part)) => taker.take(&part)?,
            Some(None) => return taker.end(),
            None => return Err(Fault::Cut),
        }
    }
}

/// Takes the docs out of an answer, each as soon as it is whole.
struct Taker<'a> {
    contents: &'a Contents,
    splitter: Splitter,
    docs: Vec<Arrived>,
}

impl<'a> Taker<'a> {
    fn new(contents: &'a Contents) -> Self {
        Taker { contents, splitter: Splitter::new(limits::ANSWER_DOC_BYTES), docs: Vec::new() }
    }

    fn take(&mut self, bytes: &[u8]) -> std::result::Result<(), Fault> {
        let Taker { contents, splitter, docs } = self;
        splitter.take(bytes, |doc| {
            let doc: SyncDoc = answer::decode_at(Some(("docs", docs.len())), doc).map_err(Fault::Answer)?;
            docs.push(contents.take_in(doc).map_err(Fault::Doc)?);
            Ok(())
        })
    }

    fn end(self) -> Decoded {
        let rest = self.splitter.rest();
        let start = rest.trim_ascii_start();
        if !start.is_empty() && !start.starts_with(b"{") {
            return Err(Fault::Answer("no JSON object".into()));
        }
        let answer: SyncAnswer<Placeholder> = answer::decode(&rest).map_err(Fault::Answer)?;
        match answer.docs.len() == self.docs.len() {
            true => Ok(answer.with_docs(self.docs)),
            false => Err(Fault::Answer("docs: a number where a doc should be".into())),
        }
    }
}

impl From<TooLarge> for Fault {
    fn from(_: TooLarge) -> Self {
        Fault::Answer(format!("a doc of more than {} MiB", limits::ANSWER_DOC_BYTES / 1024 / 1024))
    }
}

/// What stands for a doc that was taken out.
#[derive(Debug)]
struct Placeholder;

impl<'de> Deserialize<'de> for Placeholder {
    fn deserialize<D: Deserializer<'de>>(input: D) -> std::result::Result<Self, D::Error> {
        input.deserialize_u64(PlaceholderVisitor)
    }
}

struct PlaceholderVisitor;

impl Visitor<'_> for PlaceholderVisitor {
    type Value = Placeholder;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a doc")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> std::result::Result<Self::Value, E> {
        match number == u64::from(PLACEHOLDER - b'0') {
            true => Ok(Placeholder),
            false => Err(E::custom("a number where a doc should be")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::cache::Cache;
    use crate::mirror::tests::answer;
    use serde_json::{Value, json};

    fn contents() -> (tempfile::TempDir, Contents) {
        let folder = tempfile::tempdir().unwrap();
        let contents = Contents::new(Arc::new(Cache::at(folder.path())), folder.path());
        (folder, contents)
    }

    fn small(body: &str) -> std::result::Result<SyncAnswer<Arrived>, String> {
        decode(body.as_bytes(), &contents().1).map_err(told)
    }

    fn told(fault: Fault) -> String {
        match fault {
            Fault::Answer(why) => why,
            Fault::Cut => "cut".into(),
            Fault::Doc(error) => error.message,
        }
    }

    /// The same body as it comes over a line, in parts.
    fn in_parts(body: &[u8], size: usize, whole: bool) -> std::result::Result<SyncAnswer<Arrived>, String> {
        let parts: Vec<_> = body.chunks(size).map(|part| Some(Bytes::copy_from_slice(part))).collect();
        let (sender, receiver) = channel(parts.len() + 1);
        parts.into_iter().for_each(|part| sender.try_send(part).unwrap());
        if whole {
            sender.try_send(None).unwrap();
        }
        drop(sender);
        let (_folder, contents) = contents();
        decode_parts(Bytes::new(), receiver, &contents).map_err(told)
    }

    /// What an answer must have.
    const FIELDS: [&str; 9] =
        ["hash", "revision", "epoch", "lock", "onLock", "docsPath", "base", "docs", "removed"];
    const DOCS: &[(&str, &str)] = &[("a.md", "1"), ("b/ä.md", "\"\\\n\u{1}"), ("empty", "")];

    #[test]
    fn docs_are_taken_in_wherever_they_stand_in_the_answer() {
        let value = serde_json::to_value(answer(7, DOCS)).unwrap();
        let mut turned: Vec<_> = value.as_object().unwrap().clone().into_iter().collect();
        turned.reverse();
        let turned = Value::Object(turned.into_iter().collect());
        for body in [value.to_string(), turned.to_string(), format!("  {value}\n")] {
            let whole = small(&body).unwrap();
            assert_eq!((whole.revision, whole.docs.len(), whole.docs[1].size), (7, 3, 4));
            for size in [1, 7, 100_000] {
                assert_eq!(in_parts(body.as_bytes(), size, true).unwrap(), whole);
            }
        }
    }

    #[test]
    fn a_body_that_is_cut_anywhere_is_no_answer() {
        let body = serde_json::to_vec(&answer(1, DOCS)).unwrap();
        for at in 0..=body.len() {
            assert_eq!(in_parts(&body[..at], 50, false).unwrap_err(), "cut", "{at}");
        }
        for at in 0..body.len() {
            assert!(in_parts(&body[..at], 50, true).is_err(), "{at}");
            assert!(small(std::str::from_utf8(&body[..at]).unwrap_or("{")).is_err(), "{at}");
        }
    }

    #[test]
    fn what_is_missing_of_another_type_or_there_twice_is_named() {
        let good = serde_json::to_value(answer(1, DOCS)).unwrap();
        for name in FIELDS {
            let mut bad = good.clone();
            bad.as_object_mut().unwrap().remove(name);
            assert!(small(&bad.to_string()).unwrap_err().contains(&format!("missing field `{name}`")));
            bad[name] = json!({"no": "such"});
            let why = small(&bad.to_string()).unwrap_err();
            assert!(why.contains(name), "{name}: {why}");
            let twice = format!("{{\"{name}\":{},{}", good[name], &good.to_string()[1..]);
            assert!(small(&twice).unwrap_err().contains(&format!("duplicate field `{name}`")), "{twice}");
        }
        for (path, value, names) in [
            ("/docs/1/hash", json!("x"), "docs[1].hash"),
            ("/docs/1/fileName", json!("../x"), "docs[1].fileName"),
            ("/docs/0/content", json!(7), "docs[0]"),
            ("/docs/0/hash", good["docs"][1]["hash"].clone(), "'a.md'"),
            ("/docs/0/encoding", json!("base64"), "'a.md'"),
            ("/revision", json!("1"), "revision"),
        ] {
            let mut bad = good.clone();
            match bad.pointer_mut(path) {
                Some(place) => *place = value,
                None => bad["docs"][0]["encoding"] = value,
            }
            let why = small(&bad.to_string()).unwrap_err();
            assert!(why.contains(names), "{path}: {why}");
        }
        for stranger in [json!(0), json!(1), json!("x"), json!([]), Value::Null] {
            let mut bad = good.clone();
            bad["docs"][1] = stranger;
            assert!(small(&bad.to_string()).unwrap_err().contains("docs"), "{bad}");
        }
        for text in [r#""docs":[,"#, r#""docs":[{},"#, r#""docs":[{}"#, r#""docs":[["#, r#""d\u006fcs":["#] {
            let bad = good.to_string().replace(r#""docs":["#, text);
            assert!(small(&bad).is_err(), "{bad}");
        }
        for (body, why) in [("", "an empty body"), ("[]", "no JSON object"), ("null", "no JSON object")] {
            assert!(small(body).unwrap_err().contains(why), "{body}");
        }
        assert!(small(&format!("{good}{good}")).unwrap_err().contains("more than one"));
        assert!(in_parts(format!("{good}x").as_bytes(), 9, true).unwrap_err().contains("more than one"));
        let mut more = good.clone();
        more["anotherField"] = json!([1, 2]);
        assert!(small(&more.to_string()).is_ok());
    }
}
