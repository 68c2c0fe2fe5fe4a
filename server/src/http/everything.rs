//! A sync's answer with all docs, sent while it is read.
//!
//! One task reads the snapshot, packs it and queues it, as fast as the store gives it and whatever
//! the asker's line can take, so that a slow asker holds no reader; the connection's own task sends.
//! What waits so is bounded over all askers ([`super::line`]).

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::Write as _;

use aitk_shared::api::{BorrowedContent, BorrowedSyncDoc, SyncAnswer};
use aitk_shared::id::ProjectId;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use zstd::stream::write::Encoder;

use super::answers::Answer;
use super::line::{Receiver, Sender, line};
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::{Read, docs};

/// Bytes of an answer that are packed, and sent, together.
const PART: usize = 64 * 1024;
/// zstd's own scale. On prose, higher levels take twice the time to save nothing.
const LEVEL: i32 = 1;

/// Answers with all docs of `project` after `head`. `read` ends as soon as they are read.
///
/// What fails before the first part is there fails as ever; later, the answer breaks off.
pub async fn send(
    app: &App,
    read: Read,
    project: ProjectId,
    head: SyncAnswer,
    headers: &HeaderMap,
) -> Result<Response> {
    // Other encodings are left to the layer that packs every answer.
    let packed = takes_zstd(headers);
    // What is left of a lease is another number every time.
    let comes_again = packed && head.lock.is_none();
    let head = json(Vec::new(), &head)?;
    if comes_again && let Some(known) = app.answers.get(&head) {
        return Ok(respond(packed, Body::from_stream(stream::iter(known).map(Ok::<_, Infallible>))));
    }
    let (sender, parts) = line(&app.answers.room);
    let packer = packed.then(|| Encoder::new(Vec::new(), LEVEL)).transpose().map_err(anyhow::Error::from)?;
    let mut out = Out { packer, sender, sent: comes_again.then(Answer::new) };
    let app = app.clone();
    tokio::spawn(async move {
        match write(read, &project, &head, &mut out).await {
            Ok(true) => {
                if let Some(sent) = out.sent {
                    app.answers.put(head, sent);
                }
            }
            Ok(false) => {}
            Err(error) => out.sender.fail(error),
        }
    });
    let Some(first) = poll_fn(|context| parts.poll(context)).await.transpose()? else {
        return Err(Error::Internal(anyhow::anyhow!("an answer without a part")));
    };
    Ok(respond(packed, Body::from_stream(stream::iter([Ok(first)]).chain(rest(parts)))))
}

fn rest(parts: Receiver) -> impl stream::Stream<Item = std::io::Result<Bytes>> {
    stream::poll_fn(move |context| parts.poll(context)).map(|part| {
        part.map_err(|error| {
            tracing::error!(?error, "an answer breaks off");
            std::io::Error::other("the store failed")
        })
    })
}

fn respond(packed: bool, body: Body) -> Response {
    let mut response = ([(CONTENT_TYPE, "application/json")], body).into_response();
    if packed {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("zstd"));
    }
    response
}

/// Whether the asker can unpack zstd (RFC 9110, 12.5.3).
fn takes_zstd(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|list| list.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case("zstd") && weight.is_ok_and(|weight| weight > 0.0)
    })
}

/// Writes the answer part by part; false where nobody takes it any more.
async fn write(mut read: Read, project: &ProjectId, head: &[u8], out: &mut Out) -> Result<bool> {
    // The docs are the last field, and still an empty list.
    let mut part = head.strip_suffix(b"]}").unwrap_or(head).to_vec();
    let mut docs = std::pin::pin!(docs::contents(&mut read, project));
    let mut first = true;
    while let Some(doc) = docs.next().await {
        let doc = doc?;
        if !std::mem::take(&mut first) {
            part.push(b',');
        }
        let content = BorrowedContent::of(doc.content()?);
        part = json(part, &BorrowedSyncDoc { file_name: &doc.path, content, hash: doc.hash })?;
        if part.len() >= PART && !out.push(&mut part).await? {
            return Ok(false);
        }
    }
    part.extend_from_slice(b"]}");
    Ok(out.push(&mut part).await? && out.finish().await?)
}

fn json(mut into: Vec<u8>, value: &impl serde::Serialize) -> Result<Vec<u8>> {
    serde_json::to_writer(&mut into, value).map_err(anyhow::Error::from)?;
    Ok(into)
}

/// Where an answer goes.
struct Out {
    packer: Option<Encoder<'static, Vec<u8>>>,
    sender: Sender,
    /// What was sent so far, where that is worth keeping.
    sent: Option<Answer>,
}

impl Out {
    /// Packs and sends a part, which is empty then; false where nobody takes it any more.
    async fn push(&mut self, part: &mut Vec<u8>) -> Result<bool> {
        let Some(packer) = &mut self.packer else {
            return self.send(std::mem::take(part)).await;
        };
        packer.write_all(part).map_err(anyhow::Error::from)?;
        part.clear();
        match packer.get_ref().len() >= PART {
            true => {
                let packed = std::mem::take(packer.get_mut());
                self.send(packed).await
            }
            false => Ok(!self.sender.is_left()),
        }
    }

    async fn finish(&mut self) -> Result<bool> {
        match self.packer.take() {
            Some(packer) => {
                let packed = packer.finish().map_err(anyhow::Error::from)?;
                self.send(packed).await
            }
            None => Ok(true),
        }
    }

    async fn send(&mut self, part: Vec<u8>) -> Result<bool> {
        let part = Bytes::from(part);
        match &mut self.sent {
            Some(sent) if self.sender.is_easy() => sent.push(part.clone()),
            // What is kept would wait in memory, too, uncounted.
            _ => self.sent = None,
        }
        self.sender.send(part).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zstd_goes_to_whoever_says_that_it_can_unpack_it() {
        for (accepted, takes) in [
            ("zstd", true),
            ("gzip, ZSTD;q=0.5", true),
            ("gzip;q=1.0,zstd ; q=0.001", true),
            ("", false),
            ("gzip", false),
            ("*", false),
            ("zstd;q=0", false),
            ("zstd;q=0.0, gzip", false),
            ("zstd;q=x", false),
            ("zstdx", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(takes_zstd(&headers), takes, "{accepted}");
        }
        assert!(!takes_zstd(&HeaderMap::new()));
    }
}
