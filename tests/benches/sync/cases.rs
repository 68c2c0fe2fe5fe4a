//! What is measured: the cases, and what `aitk` should reach in each.

use crate::platform::Platform;
use crate::proxy::Proxy;
use crate::rivals::Tools;
use crate::stages::{Stage, full_sync, one_changed, out_of_reach, refusal, up_to_date};

pub struct Case {
    pub name: &'static str,
    /// What `aitk` should reach.
    pub goal: &'static str,
    pub size: Size,
    pub set: for<'a> fn(&'a Platform, &Tools) -> Stage<'a>,
}

/// How many rounds are enough.
pub enum Size {
    Small,
    Big,
    Slow,
}

pub fn all() -> Vec<Case> {
    use Size::{Big, Slow, Small};
    let case = |name, goal, size, set| Case { name, goal, size, set };
    vec![
        case("up to date, 6 docs", "≤ 1.3 × curl, CPU ≤ 4 ms", Small, |p, t| {
            up_to_date(p, t, "six", 6, 0)
        }),
        case("up to date, 100 docs", "≤ 1.3 × curl, CPU ≤ 4 ms", Small, |p, t| {
            up_to_date(p, t, "hundred", 100, 0)
        }),
        case("up to date, 100 docs, +80 ms a request", "≤ 90 ms, < 1 KB each way", Small, |p, t| {
            up_to_date(p, t, "far", 100, 80)
        }),
        case("full sync, 100 docs of 8 KB", "≤ 1.5 × tar.zst", Small, |p, t| full_sync(p, t, "new", 100)),
        case("full sync, 2,000 docs of 8 KB", "≤ rsync, RSS ≤ 40 MiB", Big, |p, t| {
            full_sync(p, t, "large", 2_000)
        }),
        case("1 changed of 2,000 docs", "≤ 40 ms, ≤ 12 KB, ≤ 0.5 × git pull", Big, |p, t| {
            one_changed(p, t, "moving", true)
        }),
        case("1 changed of 2,000 docs, just after another", "", Big, |p, t| {
            one_changed(p, t, "hectic", false)
        }),
        case("refused connection, copy present", "≤ 50 ms", Small, |p, t| {
            out_of_reach(p, t, "refused", Proxy::refuse)
        }),
        case("hanging server, copy present", "≤ 2 s", Slow, |p, _| {
            // No other program has a copy to fall back on.
            let nobody = Tools { curl: false, git: false, rsync: false, tar: false };
            out_of_reach(p, &nobody, "hanging", Proxy::hang)
        }),
        case("401: the key was revoked", "≤ 30 ms", Small, |p, t| refusal(p, t, "revoked", "401")),
        case("404: the project was deleted", "≤ 30 ms", Small, |p, t| refusal(p, t, "deleted", "404")),
    ]
}
