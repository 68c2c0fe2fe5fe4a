//! A sync's answer, taken in while it comes: its docs one by one, so that memory holds one at a
//! time, everything else as ever. What is decoded here is as strict as the type that it becomes.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, BufReader, ErrorKind, Read};
use std::sync::Arc;
use std::time::Duration;

use aitk_shared::api::{SyncAnswer, SyncDoc};
use aitk_shared::limits;
use hyper::body::Bytes;
use reqwest::Response;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

use super::{Client, answer};
use crate::error::{Error, Kind, Result};
use crate::mirror::contents::{Arrived, Contents};

/// An answer that is whole with so many bytes is decoded without a thread of its own.
const SMALL: usize = 64 * 1024;
/// Parts of a body that may wait to be decoded.
const PARTS: usize = 16;
/// Whoever waits for so long is shown that something goes on.
const QUIET: Duration = Duration::from_millis(300);
/// How often what is shown is drawn anew.
const REDRAW: Duration = Duration::from_millis(100);
/// What a sync's answer consists of, but for its docs; anything else is skipped.
const FIELDS: [&str; 9] =
    ["hash", "revision", "epoch", "lock", "onLock", "docsPath", "base", "removed", "lockIsYours"];

/// Why an answer could not be taken in.
enum Fault {
    /// It is none.
    Answer(String),
    /// The line broke; whoever read it knows more.
    Cut,
    /// It is one, and a doc's bytes are not what they should be, or found no room here.
    Doc(Error),
}

impl Client {
    /// Takes a sync's answer in.
    pub(super) async fn take_in(
        &self,
        mut response: Response,
        what: &str,
        contents: &Arc<Contents>,
    ) -> Result<SyncAnswer<Arrived>> {
        let mut start = Vec::new();
        let taken = loop {
            match self.part(&mut response).await? {
                Some(part) => start.extend_from_slice(&part),
                None => break decode_small(&start, contents),
            }
            if start.len() > SMALL {
                let (sender, parts) = channel(PARTS);
                let (contents, read) = (contents.clone(), start.len() as u64);
                let decoder = tokio::task::spawn_blocking(move || {
                    let body = Body::new(parts, start.into(), &contents);
                    decode(&mut serde_json::Deserializer::from_reader(BufReader::new(body)), &contents)
                });
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
            bar.set_message(match contents.count() {
                0 => format!("asking {}", self.server),
                count => format!("fetching docs: {count} came"),
            });
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
        loop {
            let part = self.part(response).await?;
            read += part.as_ref().map_or(0, |part| part.len() as u64);
            self.bound(read, limits::ANSWER_BYTES)?;
            let ended = part.is_none();
            if sender.send(part).await.is_err() || ended {
                return Ok(());
            }
        }
    }
}

/// The reading end of a body that still comes.
struct Body<'a> {
    /// `None` is the end; without it, the body was cut.
    parts: Receiver<Option<Bytes>>,
    part: Bytes,
    ended: bool,
    contents: &'a Contents,
    /// Docs that were taken in, and bytes that were read since the last of them.
    docs: u64,
    since: u64,
}

impl<'a> Body<'a> {
    fn new(parts: Receiver<Option<Bytes>>, part: Bytes, contents: &'a Contents) -> Self {
        Body { parts, part, ended: false, contents, docs: 0, since: 0 }
    }

    /// A doc is in memory until it is whole, so none may be without end.
    fn bound(&mut self, read: usize) -> io::Result<()> {
        let docs = self.contents.count();
        self.since = if docs == self.docs { self.since + read as u64 } else { read as u64 };
        self.docs = docs;
        match self.since > limits::ANSWER_DOC_BYTES {
            true => Err(ErrorKind::FileTooLarge.into()),
            false => Ok(()),
        }
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.part.is_empty() && !self.ended {
            match self.parts.blocking_recv() {
                Some(Some(part)) => self.part = part,
                Some(None) => self.ended = true,
                None => return Err(ErrorKind::UnexpectedEof.into()),
            }
        }
        let n = buffer.len().min(self.part.len());
        buffer[..n].copy_from_slice(&self.part.split_to(n));
        self.bound(n)?;
        Ok(n)
    }
}

fn decode_small(body: &[u8], contents: &Contents) -> std::result::Result<SyncAnswer<Arrived>, Fault> {
    if body.trim_ascii().is_empty() {
        return Err(Fault::Answer("an empty body".into()));
    }
    decode(&mut serde_json::Deserializer::from_slice(body), contents)
}

fn decode<'de>(
    input: &mut serde_json::Deserializer<impl serde_json::de::Read<'de>>,
    contents: &Contents,
) -> std::result::Result<SyncAnswer<Arrived>, Fault> {
    let (mut track, fault) = (serde_path_to_error::Track::new(), RefCell::new(None));
    let seed = Answer { contents, fault: &fault };
    let answer = seed.deserialize(serde_path_to_error::Deserializer::new(&mut *input, &mut track));
    let answer = answer.map_err(|error| match fault.take() {
        Some(error) => Fault::Doc(error),
        None if error.io_error_kind() == Some(ErrorKind::FileTooLarge) => {
            Fault::Answer(format!("a doc of more than {} MiB", limits::ANSWER_DOC_BYTES / 1024 / 1024))
        }
        None if error.is_io() => Fault::Cut,
        None => Fault::Answer(answer::at_fault(serde_path_to_error::Error::new(track.path(), error))),
    })?;
    match input.end() {
        Ok(()) => Ok(answer),
        Err(error) if error.is_io() => Err(Fault::Cut),
        Err(_) => Err(Fault::Answer("more than one JSON document".into())),
    }
}

/// Decodes a whole answer.
#[derive(Clone, Copy)]
struct Answer<'a> {
    contents: &'a Contents,
    /// Why a doc could not be taken in.
    fault: &'a RefCell<Option<Error>>,
}

impl<'de> DeserializeSeed<'de> for Answer<'_> {
    type Value = SyncAnswer<Arrived>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> std::result::Result<Self::Value, D::Error> {
        input.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Answer<'_> {
    type Value = SyncAnswer<Arrived>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer to a sync")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        let (mut rest, mut docs) = (Map::new(), None);
        while let Some(name) = map.next_key::<String>()? {
            let twice = match name.as_str() {
                "docs" => docs.replace(map.next_value_seed(Docs(self))?).is_some(),
                known if FIELDS.contains(&known) => rest.insert(name.clone(), map.next_value()?).is_some(),
                _ => map.next_value::<IgnoredAny>().is_err(),
            };
            if twice {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
        }
        // The type that it becomes says what must be there, and of which type.
        if docs.is_some() {
            rest.insert("docs".into(), Value::Array(Vec::new()));
        }
        let answer: SyncAnswer = serde_path_to_error::deserialize(Value::Object(rest))
            .map_err(|error| A::Error::custom(answer::at_fault(error)))?;
        Ok(answer.with_docs(docs.unwrap_or_default()))
    }
}

/// Decodes the list of docs and takes each in.
struct Docs<'a>(Answer<'a>);

impl<'de> DeserializeSeed<'de> for Docs<'_> {
    type Value = Vec<Arrived>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> std::result::Result<Self::Value, D::Error> {
        input.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Docs<'_> {
    type Value = Vec<Arrived>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of docs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut docs: A) -> std::result::Result<Self::Value, A::Error> {
        let mut arrived = Vec::new();
        while let Some(doc) = docs.next_element::<SyncDoc>()? {
            arrived.push(self.0.contents.take_in(doc).map_err(|error| {
                let told = A::Error::custom(&error.message);
                self.0.fault.replace(Some(error));
                told
            })?);
        }
        Ok(arrived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::cache::Cache;
    use crate::mirror::tests::answer;
    use serde_json::json;

    fn contents() -> (tempfile::TempDir, Contents) {
        let folder = tempfile::tempdir().unwrap();
        let contents = Contents::new(Arc::new(Cache::at(folder.path())), folder.path());
        (folder, contents)
    }

    fn small(body: &str) -> std::result::Result<SyncAnswer<Arrived>, String> {
        decode_small(body.as_bytes(), &contents().1).map_err(told)
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
        let body = Body::new(receiver, Bytes::new(), &contents);
        decode(&mut serde_json::Deserializer::from_reader(BufReader::new(body)), &contents).map_err(told)
    }

    const DOCS: &[(&str, &str)] = &[("a.md", "1"), ("b/ä.md", "\"\\\n\u{1}"), ("empty", "")];

    #[test]
    fn every_field_of_an_answer_is_known_here() {
        let value = serde_json::to_value(answer(1, DOCS)).unwrap();
        let names: Vec<_> = value.as_object().unwrap().keys().filter(|name| *name != "docs").collect();
        assert!(names.iter().all(|name| FIELDS.contains(&name.as_str())) && names.len() == FIELDS.len());
    }

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
        for name in FIELDS.iter().filter(|name| **name != "lockIsYours").chain(&["docs"]) {
            let mut bad = good.clone();
            bad.as_object_mut().unwrap().remove(*name);
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
        for (body, why) in [("", "an empty body"), ("[]", "sequence"), ("null", "null"), ("1", "1")] {
            assert!(small(body).unwrap_err().contains(why), "{body}");
        }
        assert!(small(&format!("{good}{good}")).unwrap_err().contains("more than one"));
        assert!(in_parts(format!("{good}x").as_bytes(), 9, true).unwrap_err().contains("more than one"));
        let mut more = good.clone();
        more["anotherField"] = json!([1, 2]);
        assert!(small(&more.to_string()).is_ok());
    }
}
