//! Speaks HTTP with the server: one typed method a call ([`calls`], [`admin`], [`invitations`]), one place that decides what
//! an answer means ([`answer`]), one that takes large answers in while they come ([`stream`]).
//!
//! A redirect is followed within the same origin only, so the key goes nowhere else. Only requests
//! that may be repeated are tried again.

mod admin;
mod answer;
mod calls;
mod health;
mod invitations;
mod publish;
mod repository;
mod split;
mod stream;

pub use answer::{decode, is_time_out, refusal};
pub use calls::{Expected, Taken};

use std::time::{Duration, Instant};

use aitk_shared::api::API_KEY_HEADER;
use aitk_shared::limits;
use backon::{ExponentialBuilder, Retryable};
use hyper::body::Bytes;
use reqwest::header::{HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Method, Request, RequestBuilder, Response, StatusCode, redirect};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::app::Globals;
use crate::credentials::{ApiKey, Server};
use crate::error::{Error, Kind, Result};
use crate::output::{Output, shown};

/// What the program calls itself.
pub const USER_AGENT: &str = concat!("aitk/", env!("CARGO_PKG_VERSION"));
/// Slowest link on which an upload still succeeds, in bytes a second.
const UPLOAD_RATE: u64 = 16 * 1024;
/// Largest body of a refusal that is read, in bytes.
const PROBLEM_BYTES: u64 = 4 * 1024 * 1024;

/// A server, a key for it, and patience.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    server: Server,
    key: ApiKey,
    /// For one request: to connect, to begin an answer, and between its parts.
    patience: Duration,
    retries: u32,
    deadline: Option<Instant>,
    out: Output,
}

/// Whether a request may be sent twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Safe,
    Never,
}

/// An answer of a kind that the caller expects.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

/// One try that failed.
struct Failure {
    error: Error,
    /// The server's wish, where it has one.
    retry_after: Option<Duration>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure { error, retry_after: None }
    }
}

impl Client {
    /// A client that sends `key` to `server` and to nobody else.
    pub fn new(server: Server, key: ApiKey, globals: &Globals, out: Output) -> Result<Self> {
        let mut value = HeaderValue::from_str(key.expose())
            .map_err(|_| Error::new(Kind::Credentials, "the API key has characters that no key has"))?;
        value.set_sensitive(true);
        let name = API_KEY_HEADER.parse().map_err(anyhow::Error::from)?;
        Client::with_headers(HeaderMap::from_iter([(name, value)]), server, key, globals, out)
    }

    /// A client that sends no key. `secret` goes only where a call puts it, and is shown as
    /// little as a key.
    pub fn unsigned(server: Server, secret: ApiKey, globals: &Globals, out: Output) -> Result<Self> {
        Client::with_headers(HeaderMap::new(), server, secret, globals, out)
    }

    fn with_headers(
        headers: HeaderMap,
        server: Server,
        key: ApiKey,
        globals: &Globals,
        out: Output,
    ) -> Result<Self> {
        // The installed build asks the processor what it can here, and not at each start of the program.
        aws_lc_rs::init();
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .default_headers(headers)
            .connect_timeout(globals.timeout)
            .redirect(same_origin());
        if server.is_loopback() {
            builder = builder.no_proxy();
        }
        if server.is_loopback() && server.is_plain() {
            // Nothing is encrypted, so the machine's certificates need not be read: most of a quick run.
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build().map_err(anyhow::Error::from)?;
        let (patience, retries) = (globals.timeout, globals.retries);
        Ok(Client { http, server, key, patience, retries, deadline: None, out })
    }

    /// The same client, which gives up at `deadline`, whatever is under way.
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The same client, which tries again so often.
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The same client, which waits so much longer for an answer.
    pub fn with_more_patience(mut self, more: Duration) -> Self {
        self.patience = self.patience.saturating_add(more);
        self
    }

    /// The server that is asked.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The key, for the socket.
    pub fn key(&self) -> &ApiKey {
        &self.key
    }

    /// How long one request may take to be answered.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    fn request(&self, method: Method, segments: &[&str]) -> RequestBuilder {
        let segments = std::iter::once("api").chain(segments.iter().copied());
        self.http.request(method, self.server.url(segments))
    }

    /// Sends a request and decodes what comes back; `what` names the thing asked for, in a refusal.
    async fn ask<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        what: &str,
        repeat: Repeat,
    ) -> Result<T> {
        let answer = self.send(request, what, repeat).await?;
        answer::decode(&answer.body).map_err(|why| self.protocol_error(what, &why))
    }

    fn protocol_error(&self, what: &str, why: &str) -> Error {
        let error =
            Error::new(Kind::Failed, format!("{} answers for {what} what cannot be: {why}", self.server))
                .hint("look at the URL and at `aitk --version`: is an aitk-server of this version there?");
        self.discreet(error)
    }

    /// Takes the key out of what a server said: it may send back what it was sent.
    fn discreet(&self, mut error: Error) -> Error {
        for text in std::iter::once(&mut error.message).chain(error.hint.as_mut()) {
            *text = text.replace(self.key.expose(), "(your key)");
        }
        error
    }

    /// Sends a request, again where that is allowed and may help.
    async fn send(&self, request: RequestBuilder, what: &str, repeat: Repeat) -> Result<Answer> {
        let whole = async |mut response: Response| {
            let status = response.status();
            let body = self.read(&mut response, limits::ANSWER_BYTES).await?;
            Ok(Answer { status, body })
        };
        self.send_and(request, what, repeat, whole).await
    }

    /// The same, with a way of its own to read the body of a success.
    async fn send_and<T>(
        &self,
        request: RequestBuilder,
        what: &str,
        repeat: Repeat,
        read: impl AsyncFn(Response) -> Result<T>,
    ) -> Result<T> {
        let request = request.build().map_err(anyhow::Error::from)?;
        let begun = Instant::now();
        // All tries together begin to be answered within the time of one.
        let left = || self.patience.saturating_sub(begun.elapsed());
        let once = || async { Ok(read(self.send_once(&request, what, left()).await?).await?) };
        let delays = ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(5))
            .with_max_times(if repeat == Repeat::Safe { self.retries as usize } else { 0 });
        once.retry(delays)
            .when(|failure: &Failure| failure.error.kind == Kind::Unreachable)
            .adjust(|failure, delay| {
                let delay = failure.retry_after.map_or(delay?, |wish| wish.max(delay.unwrap_or_default()));
                // Nothing is slept through that nobody is left to wait for.
                let left = self.time_left().unwrap_or(left());
                (delay < left).then_some(delay)
            })
            .notify(|failure, delay| {
                self.out.detail(&format!(
                    "{}; trying again in {} ms",
                    failure.error.message,
                    delay.as_millis()
                ));
            })
            .await
            .map_err(|failure| failure.error)
    }

    /// The head of a success, whose body is still to come.
    async fn send_once(
        &self,
        request: &Request,
        what: &str,
        patience: Duration,
    ) -> std::result::Result<Response, Failure> {
        let copy = request.try_clone().ok_or_else(|| Error::new(Kind::Failed, "a request was streamed"))?;
        let uploading =
            copy.body().and_then(|body| body.as_bytes()).map_or(0, <[u8]>::len) as u64 / UPLOAD_RATE;
        let begun = Instant::now();
        let patience = patience + Duration::from_secs(uploading);
        let mut response = match timeout(self.bounded(patience), self.http.execute(copy)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(answer::broken(&self.server, error).into()),
            Err(_) => return Err(answer::timed_out(&self.server).into()),
        };
        let status = response.status();
        self.out.detail(&format!(
            "{} {} → {} in {} ms",
            request.method(),
            request.url(),
            status.as_u16(),
            begun.elapsed().as_millis()
        ));
        if status.is_redirection() {
            let place = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let place = shown(place.unwrap_or("nowhere"));
            return Err(Error::new(
                Kind::Failed,
                format!("{} redirects to {place}, which is not followed", self.server),
            )
            .hint("if that is the right server, `aitk login` there and use its URL")
            .into());
        }
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = seconds(response.headers());
        let body = self.read(&mut response, PROBLEM_BYTES).await?;
        let error = self.discreet(answer::refusal(&self.server, what, status, &body));
        Err(Failure { error, retry_after })
    }

    /// Reads a body part by part: it may take long, but must not stall.
    async fn read(&self, response: &mut Response, limit: u64) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(part) = self.part(response).await? {
            body.extend_from_slice(&part);
            self.bound(body.len() as u64, limit)?;
        }
        Ok(body)
    }

    async fn part(&self, response: &mut Response) -> Result<Option<Bytes>> {
        match timeout(self.bounded(self.patience), response.chunk()).await {
            Ok(Ok(part)) => Ok(part),
            Ok(Err(error)) => Err(answer::broken(&self.server, error)),
            Err(_) => Err(answer::timed_out(&self.server)),
        }
    }

    fn bound(&self, read: u64, limit: u64) -> Result<()> {
        match read > limit {
            true => Err(Error::new(
                Kind::Failed,
                format!("{} answers with more than {} MiB", self.server, limit / 1024 / 1024),
            )),
            false => Ok(()),
        }
    }

    fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    fn bounded(&self, patience: Duration) -> Duration {
        self.time_left().map_or(patience, |left| left.min(patience))
    }
}

/// Follows a few redirects within one origin; others become answers with status 3xx.
fn same_origin() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let here = attempt.previous().last().is_some_and(|url| url.origin() == attempt.url().origin());
        if here && attempt.previous().len() <= 5 { attempt.follow() } else { attempt.stop() }
    })
}

/// `Retry-After` in seconds; its other form, a date, would compare two clocks.
fn seconds(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
