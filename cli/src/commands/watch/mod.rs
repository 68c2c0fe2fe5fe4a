//! `aitk watch`: follows what happens, live, one event a line.
//!
//! Without `--room` it follows the configured project: its lock and its docs. After a break it
//! reconnects, after 1, 2, 4 … 30 seconds, and goes on with the first event that it missed, so that
//! no event is told twice or left out; where the server cannot give that any more, it says so.
//! `--since OFFSET` starts with the events after that one. Where something on the way lets no
//! sockets through, plain requests bring the events; ephemeral ones are not among them then. Who
//! comes, goes and types is not told.
//!
//! `--sync` keeps `.docs/` current meanwhile, `--exec` runs a command for each event, `--notify`
//! tells of it on the desktop.
//!
//! With `--json` each line of standard output is one event as the server sent it, and nothing else
//! is there. Ctrl-C and SIGTERM end it with exit code 0.

mod exec;
mod keep;
mod notify;
mod show;
mod status;

use std::collections::BTreeMap;

use aitk_shared::event::{Event, Offset, Room, types};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use crate::app::Context;
use crate::error::{Error, Kind, Result};
use crate::live::{Follower, News, Position};
use crate::output::shown;
use exec::{Exec, Talk};
use keep::Keep;
use notify::Notifier;
use status::{Status, seconds};

/// Follow what happens, live
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk watch
  aitk watch --sync                           keep .docs/ current while you work
  aitk watch --json | jq .data
  aitk watch --exec 'jq -r .data.path >> changed.txt'
  aitk watch --room project:prj_0123 --since 41

Exit codes: 0 ended by a signal, 3 the key holds no more, 5 the server stayed out of reach")]
pub struct Args {
    /// Follow these rooms; the configured project's where not given
    #[arg(long, value_name = "ROOM", value_parser = Room::parse, num_args = 1..)]
    room: Vec<Room>,
    /// Start with the events after this one
    #[arg(long, value_name = "OFFSET")]
    since: Option<Offset>,
    /// Keep .docs/ at the platform's revision
    #[arg(long)]
    sync: bool,
    /// Run CMD by the shell for each event, one after the other, with the event on its input
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,
    /// Tell of each event on the desktop
    #[arg(long)]
    notify: bool,
    /// Give up after so many failed tries in a row
    #[arg(long, value_name = "N", default_value_t = 10)]
    max_retries: u32,
}

/// Whom events are passed to.
struct Watch<'a> {
    context: &'a Context,
    /// Whether lines name their room.
    many: bool,
    status: Status,
    keep: Option<Keep<'a>>,
    exec: Option<Exec>,
    notifier: Option<Notifier>,
}

/// Follows until a signal, until nobody reads any more, or until the server refuses.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let mut rooms = args.room;
    let project = if rooms.is_empty() || args.sync { Some(context.project()?) } else { None };
    let client = context.client()?;
    let mut keep = None;
    if let Some(project) = project {
        let room = Room::project(&client.project(project).await?.id);
        if args.sync {
            keep = Some(Keep::new(context, room.clone())?);
        }
        if !rooms.contains(&room) {
            rooms.push(room);
        }
    }
    if args.since.is_some() && rooms.len() > 1 {
        return Err(Error::new(Kind::Usage, "--since counts in one room, and several are followed"));
    }
    let talk = if context.out.is_json() { Talk::Stderr } else { Talk::Stdout };
    let mut watch = Watch {
        context,
        many: rooms.len() > 1,
        keep,
        exec: args.exec.map(|command| Exec::new(command, talk)),
        notifier: if args.notify { Some(Notifier::new()?) } else { None },
        status: Status::new(context),
    };
    let start = args.since.map(|offset| Position { epoch: None, offset });
    let rooms: BTreeMap<_, _> = rooms.into_iter().map(|room| (room, start.clone())).collect();
    let done = watch.follow(Follower::new(client, rooms, args.max_retries)).await;
    watch.status.end();
    if let Some(exec) = watch.exec {
        exec.end().await;
    }
    done
}

impl Watch<'_> {
    async fn follow(&mut self, follower: Follower) -> Result<()> {
        // As a stream, what is under way is not lost when something else comes first.
        let news = stream::unfold(Some(follower), async |follower| {
            let mut follower = follower?;
            let news = follower.next().await;
            let rest = news.is_ok().then_some(follower);
            Some((news, rest))
        });
        let mut news = std::pin::pin!(news);
        let mut stopped = std::pin::pin!(stop_signal());
        let mut end = None;
        loop {
            let Watch { keep, exec, status, .. } = self;
            let has_room = end.is_none() && exec.as_ref().is_none_or(Exec::has_room);
            tokio::select! {
                done = &mut stopped => return done,
                news = news.next(), if has_room => match news {
                    Some(Ok(news)) => {
                        if self.tell(news).is_err() {
                            return Ok(());
                        }
                    }
                    Some(Err(error)) => end = Some(error),
                    None => return Ok(()),
                },
                told = run_exec(exec), if exec.as_ref().is_some_and(Exec::is_busy) => {
                    if let Some(told) = told? {
                        self.status.aside(|| self.context.out.warn(&told));
                    }
                }
                told = run_keep(keep), if keep.as_ref().is_some_and(Keep::is_due) => {
                    told.into_iter().for_each(|told| self.status.aside(told));
                }
                () = status.tick(), if status.is_counting() => {}
            }
            // What was taken from the server is dealt with first.
            if end.is_some() && !self.exec.as_ref().is_some_and(Exec::is_busy) {
                return end.map_or(Ok(()), Err);
            }
        }
    }

    /// Passes news on; an error means that nobody reads any more.
    fn tell(&mut self, news: News) -> std::io::Result<()> {
        let out = self.context.out;
        match news {
            News::Event(event, _)
                if matches!(event.kind.as_str(), types::PRESENCE_UPDATE | types::USER_TYPING) => {}
            News::Event(event, raw) => return self.pass(event, raw),
            News::Joined { room, offset, gap, state } => {
                self.status.connected("connected");
                let state = state.map(|state| show::describe(&state)).unwrap_or_default();
                self.status.aside(|| {
                    if gap {
                        out.warn("the server does not have all events since the last one any more");
                    }
                    out.note(&format!("watching {} after offset {offset}{state}", shown(room.as_str())));
                });
                self.keep.iter_mut().for_each(|keep| keep.joined(&room));
            }
            News::Polling { why } => {
                self.status.aside(|| out.note(&format!("{why}; polling for events instead")));
                self.status.connected("polling");
            }
            News::Broken { why, delay } => {
                self.status.aside(|| out.note(&format!("{why}; reconnecting in {}", seconds(delay))));
                self.status.broken(delay);
            }
        }
        Ok(())
    }

    fn pass(&mut self, event: Box<Event>, raw: Value) -> std::io::Result<()> {
        let out = self.context.out;
        let line = if out.is_json() { raw.to_string() } else { show::line(&event, self.many) };
        self.status.aside(|| out.stream(&line))?;
        if let Some(keep) = &mut self.keep {
            keep.hear(&event);
        }
        if let Some(notifier) = &mut self.notifier {
            let who =
                event.actor.as_ref().map_or_else(|| "the server".to_owned(), |actor| shown(&actor.name));
            notifier.say(&shown(&event.kind), &format!("{who}: {}", show::what(&event)));
        }
        if let Some(exec) = &mut self.exec {
            exec.push(event, raw);
        }
        Ok(())
    }
}

async fn run_exec(exec: &mut Option<Exec>) -> Result<Option<String>> {
    match exec {
        Some(exec) => exec.run().await,
        None => Ok(None),
    }
}

async fn run_keep(keep: &mut Option<Keep<'_>>) -> Option<impl FnOnce() + use<>> {
    match keep {
        Some(keep) => Some(keep.run().await),
        None => None,
    }
}

/// Ends with Ctrl-C, and where there are signals with SIGTERM and SIGHUP.
async fn stop_signal() -> Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut hang_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => Ok(pressed?),
            _ = terminate.recv() => Ok(()),
            _ = hang_up.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    Ok(tokio::signal::ctrl_c().await?)
}
