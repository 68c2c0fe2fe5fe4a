//! Refused requests on their way into the audit log.
//!
//! Anybody can be refused, as often as they like. So those that are alike are counted and make one
//! line a minute; of each address, and of all strangers together, only so many kinds are told apart.

use std::collections::HashMap;
use std::net::IpAddr;

use aitk_shared::limits::{REFUSAL_WINDOW, REFUSALS_IN_ALL, REFUSALS_PER_ADDRESS};
use aitk_shared::time::Timestamp;
use serde_json::json;

use super::Due;
use crate::error::Result;
use crate::http::Refusal;
use crate::origin::Origin;
use crate::store::audit::{self, Line};
use crate::store::{Write, projects};

/// Refusals that were not written yet, or a moment ago.
#[derive(Default)]
pub struct Refusals(HashMap<(Refusal, Option<Source>), Tally>);

/// Who is counted as one: a credential, or an address.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Source {
    Credential(String),
    Address(IpAddr),
}

/// How often, since it was written last.
struct Tally {
    first: Option<(Timestamp, Option<Origin>)>,
    count: u64,
    written: Option<Timestamp>,
}

/// Refusals that are alike, as one line.
pub struct Counted {
    key: (Refusal, Option<Source>),
    first: Timestamp,
    from: Option<Origin>,
    count: u64,
}

impl Source {
    fn of(refusal: &Refusal, from: &Origin) -> Self {
        match &refusal.actor {
            Some(actor) => Source::Credential(actor.id.clone()),
            None => Source::Address(network(from.address)),
        }
    }
}

/// Whoever has one IPv6 address has all of its network.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
    }
}

impl Refusals {
    /// Counts a refusal: with those like it, or with the others of its source, or with all others.
    pub fn note(&mut self, refusal: Refusal, from: &Origin, now: Timestamp) {
        let source = Source::of(&refusal, from);
        let mut key = (refusal, Some(source));
        let mut from = Some(from.clone());
        if !self.0.contains_key(&key) && self.of_source(key.1.as_ref()) >= REFUSALS_PER_ADDRESS {
            key.0.asked = None;
        }
        let is_stranger = key.0.actor.is_none();
        if is_stranger && !self.0.contains_key(&key) && self.of_strangers() >= REFUSALS_IN_ALL {
            (key.0.asked, key.1, from) = (None, None, None);
        }
        let tally = self.0.entry(key).or_insert(Tally { first: None, count: 0, written: None });
        tally.first.get_or_insert((now, from));
        tally.count += 1;
    }

    /// What is to be written now.
    pub fn take(&mut self, due: Due, now: Timestamp) -> Vec<Counted> {
        let is_old = |at: Option<Timestamp>| at.is_none_or(|at| now.since(at) >= REFUSAL_WINDOW);
        self.0.retain(|_, tally| tally.count > 0 || !is_old(tally.written));
        let mut taken = Vec::new();
        for (key, tally) in &mut self.0 {
            if tally.count == 0 || (due == Due::Due && !is_old(tally.written)) {
                continue;
            }
            let Some((first, from)) = tally.first.take() else { continue };
            taken.push(Counted { key: key.clone(), first, from, count: std::mem::take(&mut tally.count) });
            tally.written = Some(now);
        }
        taken.sort_by_key(|counted| counted.first);
        taken
    }

    /// Takes back what could not be written.
    pub fn put_back(&mut self, taken: Vec<Counted>) {
        for Counted { key, first, from, count } in taken {
            let tally = self.0.entry(key).or_insert(Tally { first: None, count: 0, written: None });
            (tally.first, tally.written) = (Some((first, from)), None);
            tally.count += count;
        }
    }

    fn of_source(&self, source: Option<&Source>) -> usize {
        self.0.keys().filter(|(refusal, of)| of.as_ref() == source && refusal.asked.is_some()).count()
    }

    fn of_strangers(&self) -> usize {
        self.0.keys().filter(|(refusal, _)| refusal.actor.is_none()).count()
    }
}

/// Adds each as a line.
pub async fn write(write: &mut Write, refused: &[Counted]) -> Result<()> {
    for Counted { key: (refusal, _), first, from, count } in refused {
        let project = match refusal.project() {
            Some(named) => projects::find(write.connection(), named).await?.map(|found| found.public.id),
            None => None,
        };
        let mut detail = json!({"count": count, "since": first});
        match &refusal.asked {
            None => detail["others"] = true.into(),
            Some(asked) => {
                detail["status"] = asked.status.into();
                detail["code"] = asked.code.as_str().into();
                detail["method"] = asked.method.as_str().into();
                detail["path"] = asked.path.as_str().into();
                if let Some(prefix) = &asked.key_prefix {
                    detail["keyPrefix"] = prefix.as_str().into();
                }
            }
        }
        let line = Line {
            action: refusal.action,
            projects: project.as_slice(),
            actor: refusal.actor.as_ref(),
            detail,
        };
        audit::add_from(write, line, from.as_ref()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use aitk_shared::event::Actor;
    use axum::http::HeaderMap;

    use super::*;

    fn from(address: &str) -> Origin {
        Origin::of(&HeaderMap::new(), SocketAddr::new(address.parse().unwrap(), 1), 0)
    }

    fn refusal(path: &str, actor: Option<&str>) -> Refusal {
        let mut refusal = Refusal::of_socket("", "/ws", 401);
        refusal.asked.as_mut().unwrap().path = path.into();
        refusal.actor = actor.map(|id| Actor { id: id.into(), name: id.into() });
        refusal
    }

    #[test]
    fn a_flood_of_a_stranger_is_a_few_lines_a_minute_and_hides_nobody_else() {
        let mut refusals = Refusals::default();
        let start = Timestamp::from_millis(0);
        let mut lines = 0;
        let mut counted = 0;
        for second in 0..600_u64 {
            let now = start.plus(Duration::from_secs(second));
            for n in 0..100 {
                refusals.note(refusal(&format!("/{}", second * 100 + n), None), &from("6.6.6.6"), now);
            }
            refusals.note(refusal("/lock", Some("key_ann")), &from("1.2.3.4"), now);
            if second % 5 == 4 {
                let taken = refusals.take(Due::Due, now);
                lines += taken.len();
                counted += taken.iter().map(|taken| taken.count).sum::<u64>();
            }
        }
        counted += refusals.take(Due::All, start).iter().map(|taken| taken.count).sum::<u64>();
        assert_eq!(counted, 60_600, "all are counted");
        assert!(lines <= 10 * (REFUSALS_PER_ADDRESS + 2), "{lines}");
    }

    #[test]
    fn a_flood_from_everywhere_is_bounded_too() {
        let mut refusals = Refusals::default();
        let now = Timestamp::from_millis(0);
        for n in 0..5_000_u32 {
            let address = format!("2001:db8:{:x}:{:x}::1", n / 100, n % 100);
            refusals.note(refusal("/x", None), &from(&address), now);
            refusals.note(refusal("/y", None), &from("2001:db8::1"), now);
        }
        refusals.note(refusal("/lock", Some("key_ann")), &from("2001:db8::2"), now);
        let taken = refusals.take(Due::Due, now);
        assert!(taken.len() <= REFUSALS_IN_ALL + 2, "{}", taken.len());
        assert!(taken.iter().any(|taken| taken.key.0.actor.is_some() && taken.key.0.asked.is_some()));
        assert!(refusals.take(Due::Due, now.plus(Duration::from_secs(59))).is_empty());
    }

    #[test]
    fn what_could_not_be_written_is_written_later() {
        let mut refusals = Refusals::default();
        let now = Timestamp::from_millis(0);
        refusals.note(refusal("/x", None), &from("6.6.6.6"), now);
        let taken = refusals.take(Due::Due, now);
        refusals.note(refusal("/x", None), &from("6.6.6.6"), now);
        refusals.put_back(taken);
        let counts: Vec<_> = refusals.take(Due::Due, now).iter().map(|taken| taken.count).collect();
        assert_eq!(counts, [2]);
    }
}
