//! `--sync`: keeps `.docs/` at the platform's revision while events come.

use std::future::Future;
use std::pin::Pin;

use aitk_shared::event::{Event, Room, types};

use crate::app::Context;
use crate::commands::sync::sync;
use crate::error::{Kind, Result};
use crate::mirror::Mirror;
use crate::mirror::state::Owner;
use crate::mirror::update::{Report, Wish};

type Run<'a> = Pin<Box<dyn Future<Output = Result<Report>> + 'a>>;

/// The mirror of the configured project, kept.
pub struct Keep<'a> {
    context: &'a Context,
    room: Room,
    /// Whether there is news since the last sync began.
    due: bool,
    running: Option<Run<'a>>,
    /// Whether it was told that the docs are current.
    began: bool,
    /// Whether it was told that the docs are locked.
    told: bool,
}

impl<'a> Keep<'a> {
    /// Keeps the mirror of this run's project, whose events come by `room`.
    pub fn new(context: &'a Context, room: Room) -> Result<Self> {
        // A folder that belongs to no project is told at once.
        Mirror::of(context)?;
        Owner::of(context)?;
        Ok(Keep { context, room, due: false, running: None, began: false, told: false })
    }

    /// Notes that a room is followed (again): whatever happened before is to be caught up with.
    pub fn joined(&mut self, room: &Room) {
        self.due |= *room == self.room;
    }

    /// Notes an event that may change what the mirror has to be.
    pub fn hear(&mut self, event: &Event) {
        let docs = event.kind.starts_with("doc:") || event.kind.starts_with("docs:");
        self.due |= event.room == self.room && (docs || event.kind == types::LOCK_RELEASED);
    }

    /// Whether there is something to do.
    pub fn is_due(&self) -> bool {
        self.due || self.running.is_some()
    }

    /// Syncs once; returns what tells of it. What is under way goes on when this is dropped and asked
    /// again; news that come meanwhile lead to one more sync.
    pub async fn run(&mut self) -> impl FnOnce() + use<> {
        let context = self.context;
        if self.running.is_none() {
            self.due = false;
        }
        let running = self.running.get_or_insert_with(|| Box::pin(sync(context, Wish::default())));
        let done = running.as_mut().await;
        self.running = None;
        let told = std::mem::take(&mut self.told);
        self.told = done.as_ref().is_err_and(|error| error.kind == Kind::Blocked);
        let is_first = !self.began;
        self.began |= done.is_ok();
        let out = context.out;
        move || match done {
            Ok(report) => {
                [report.older_line(), report.kept_line()].iter().flatten().for_each(|text| out.warn(text));
                if is_first || report.is_news() {
                    out.note(&report.summary());
                }
            }
            // The release of the lock is news.
            Err(error) if error.kind == Kind::Blocked && told => {}
            Err(error) if error.kind == Kind::Blocked => {
                out.note(&format!("{}; syncing when it ends", error.message));
            }
            Err(error) => out.warn(&format!("{}; syncing again with the next news", error.message)),
        }
    }
}
