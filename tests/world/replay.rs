//! What a platform said of two revisions, replayed without end, each time as a newer one: hundreds of
//! changes in the time that a few take.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::docs::{Docs, docs_hash};
use crate::scene::Scene;
use crate::stand_in::{Reply, Request};

/// Two revisions of which one is current.
pub struct Replay {
    now: Arc<AtomicUsize>,
}

impl Scene {
    /// Has both published and asked for in every way, and answers with that from now on.
    pub fn replay(&self, revisions: &[Docs; 2]) -> Replay {
        let path = format!("/api/hook/sync/{}", self.project);
        let mut recorded: [BTreeMap<String, String>; 2] = Default::default();
        let mut newest = 0;
        // Once round, so that the platform knows each when it is asked for the way to the other.
        for at in [0, 1, 0] {
            self.publish(&revisions[at]);
            let mut record = |key: &str, body: Value| {
                let mut answer = self.platform.call("POST", &path, Some(body));
                let revision = answer.as_object_mut().unwrap().shift_remove("revision").unwrap();
                newest = usize::try_from(revision.as_u64().unwrap()).unwrap();
                recorded[at].insert(key.to_owned(), answer.to_string());
            };
            record("", json!({}));
            for have in revisions.iter().map(docs_hash) {
                record(&have, json!({"have": have}));
            }
        }
        let now = Arc::new(AtomicUsize::new(0));
        let current = now.clone();
        self.between.answer(move |request: &Request| {
            let now = current.load(Ordering::SeqCst);
            let have = request.json()["have"].as_str().unwrap_or_default().to_owned();
            let ways = &recorded[now % 2];
            let answer = ways.get(&have).unwrap_or(&ways[""]);
            Reply::new(200, format!("{{\"revision\":{},{}", newest + now, &answer[1..]))
        });
        Replay { now }
    }
}

impl Replay {
    /// Makes the other revision the current one; returns which that is.
    pub fn next(&self) -> usize {
        (self.now.fetch_add(1, Ordering::SeqCst) + 1) % 2
    }
}
