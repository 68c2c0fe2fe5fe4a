//! How each case is set up, and who takes part in it. `aitk` comes first.

use std::any::Any;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use aitk_tests::{Person, files};

use crate::platform::{Platform, Requests};
use crate::proxy::Proxy;
use crate::rivals::{self, RsyncDaemon, Tools, Website};
use crate::stopwatch::Sample;

/// Everything that a case needs, until its last round.
pub struct Stage<'a> {
    pub before_round: Box<dyn FnMut(usize) + 'a>,
    pub programs: Vec<Program<'a>>,
    /// Servers, and the folders that they serve.
    alive: Vec<Box<dyn Any>>,
}

pub struct Program<'a> {
    pub name: &'static str,
    /// Prepares a round; returns what is timed.
    pub ready: Box<dyn FnMut(usize) -> Command + 'a>,
    /// The exit code of a round that counts.
    pub code: i32,
    /// Whether it did its work.
    pub check: Box<dyn Fn(&Sample) + 'a>,
    pub wire: Option<Rc<Proxy>>,
}

impl<'a> Stage<'a> {
    fn new(aitk: Program<'a>) -> Self {
        Stage { before_round: Box::new(|_| {}), programs: vec![aitk], alive: Vec::new() }
    }
}

impl<'a> Program<'a> {
    fn new(name: &'static str, wire: Option<&Rc<Proxy>>, ready: impl FnMut(usize) -> Command + 'a) -> Self {
        let wire = wire.map(Rc::clone);
        Program { name, ready: Box::new(ready), code: 0, check: Box::new(|_| {}), wire }
    }

    fn code(self, code: i32) -> Self {
        Program { code, ..self }
    }

    fn checked(self, check: impl Fn(&Sample) + 'a) -> Self {
        Program { check: Box::new(check), ..self }
    }
}

fn proxy(server: std::net::SocketAddr, delay_ms: u64) -> Rc<Proxy> {
    Rc::new(Proxy::before(server, Duration::from_millis(delay_ms)))
}

/// Nothing changed since the last check. Without latency there is no proxy in the way.
pub fn up_to_date<'a>(
    platform: &'a Platform,
    tools: &Tools,
    project: &str,
    docs: usize,
    delay_ms: u64,
) -> Stage<'a> {
    let folder = platform.project(project, docs);
    let wire = (delay_ms > 0).then(|| proxy(platform.address, delay_ms));
    let url = wire.as_ref().map_or(platform.url(), |wire| wire.url());
    let developer = platform.developer(project, &url);
    developer.check_now();
    // Files younger than this are read again by a check: their time of change does not prove enough.
    std::thread::sleep(Duration::from_secs(3));
    let mut stage = Stage::new(
        Program::new("aitk check", wire.as_ref(), move |_| developer.check())
            .checked(|sample| assert!(sample.said.starts_with("up to date"), "{}", sample.said)),
    );
    if tools.curl {
        let request = platform.requests(project).next;
        stage.programs.push(curl(request, url, wire.as_ref(), "200"));
    }
    if tools.git && delay_ms > 0 {
        let site = Website::of(&folder, tools);
        let wire = proxy(site.address, delay_ms);
        stage.alive.push(Box::new(site));
        let person = rivals::clone(&wire.url());
        stage.programs.push(Program::new("git fetch", Some(&wire), move |_| rivals::git(&person, "fetch")));
    }
    stage
}

/// Everything into an empty folder, through a proxy that only counts.
pub fn full_sync<'a>(platform: &'a Platform, tools: &Tools, project: &str, docs: usize) -> Stage<'a> {
    let folder = platform.project(project, docs);
    let wire = proxy(platform.address, 0);
    let developer = platform.developer(project, &wire.url());
    let (mirror, expected) = (developer.mirror(), folder.clone());
    let mut stage = Stage::new(
        Program::new("aitk check", Some(&wire), move |round| developer.first_check(round))
            .checked(move |_| assert_same(&mirror, &expected)),
    );
    if tools.curl {
        let request = platform.requests(project).first;
        stage.programs.push(Program {
            name: "curl, same bytes, kept in one file",
            ..curl(request, wire.url(), Some(&wire), "200")
        });
    }
    if tools.tar {
        let site = Website::of(&folder, &Tools { git: false, ..*tools });
        let (wire, person) = (proxy(site.address, 0), Person::new());
        stage.alive.push(Box::new(site));
        let (unpacked, expected, url) = (person.file("unpacked"), folder.clone(), wire.url());
        stage.programs.push(
            Program::new("curl tar.zst \\| tar", Some(&wire), move |round| {
                rivals::download_and_unpack(&person, &url, round)
            })
            .checked(move |_| assert_same(&unpacked, &expected)),
        );
    }
    if tools.rsync {
        let daemon = RsyncDaemon::over(&folder);
        let (wire, person) = (proxy(daemon.address, 0), Person::new());
        stage.alive.push(Box::new(daemon));
        let (synced, address) = (person.file("synced"), wire.address);
        stage.programs.push(
            Program::new("rsync daemon", Some(&wire), move |round| rivals::rsync(&person, address, round))
                .checked(move |_| assert_same(&synced, &folder)),
        );
    }
    stage
}

fn assert_same(copy: &Path, original: &Path) {
    assert!(files(copy) == files(original), "{} differs from {}", copy.display(), original.display());
}

/// Before each round somebody changes one doc, on the platform and in git. Between two changes there
/// is time for a check that finds nothing new, or there is not.
pub fn one_changed<'a>(
    platform: &'a Platform,
    tools: &Tools,
    project: &'static str,
    is_calm: bool,
) -> Stage<'a> {
    const DOCS: usize = 2_000;
    let folder = platform.project(project, DOCS);
    let wire = proxy(platform.address, 0);
    let developer = Rc::new(platform.developer(project, &wire.url()));
    developer.check_now();
    let checking = Rc::clone(&developer);
    let mut stage = Stage::new(
        Program::new("aitk check", Some(&wire), move |_| checking.check())
            .checked(|sample| assert!(sample.said.contains("1 changed"), "{}", sample.said)),
    );
    let site = tools.git.then(|| Website::of(&folder, tools));
    if let Some(site) = &site {
        let wire = proxy(site.address, 0);
        let person = rivals::clone(&wire.url());
        stage.programs.push(Program::new("git pull", Some(&wire), move |_| rivals::git(&person, "pull")));
    }
    stage.before_round = Box::new(move |round| {
        if is_calm {
            developer.check_now();
        }
        platform.change_doc(project, round * 97 % DOCS, round + 1);
        if let Some(site) = &site {
            site.change_doc(round * 97 % DOCS, round + 1);
        }
    });
    stage
}

/// The server went away after the copy of 100 docs was made.
pub fn out_of_reach<'a>(
    platform: &'a Platform,
    tools: &Tools,
    project: &str,
    break_it: fn(&Proxy),
) -> Stage<'a> {
    platform.project(project, 100);
    let request = platform.requests(project).next;
    let wire = proxy(platform.address, 0);
    let (url, developer) = (wire.url(), platform.developer(project, &wire.url()));
    developer.check_now();
    break_it(&wire);
    let mut stage =
        Stage::new(Program::new("aitk check", None, move |_| developer.check()).checked(move |sample| {
            let _alive = &wire;
            assert!(sample.said.contains("lock UNKNOWN"), "{}", sample.said);
        }));
    if tools.curl {
        stage.programs.push(curl(request, url, None, "000").code(7));
    }
    stage
}

/// The server refuses for good, though there is a copy of 100 docs.
pub fn refusal<'a>(platform: &'a Platform, tools: &Tools, project: &str, status: &'static str) -> Stage<'a> {
    platform.project(project, 100);
    let developer = platform.developer(project, &platform.url());
    developer.check_now();
    let Requests { next: request, developer: other, .. } = platform.requests(project);
    let code = match status {
        "401" => {
            platform.revoke(&developer);
            platform.revoke(&other);
            3
        }
        _ => {
            platform.manage(&["project", "rm", project, "--yes"]);
            4
        }
    };
    let mut stage = Stage::new(Program::new("aitk check", None, move |_| developer.check()).code(code));
    if tools.curl {
        stage.programs.push(curl(request, platform.url(), None, status));
    }
    stage
}

/// curl sends the bytes that `aitk check` sent, and is answered with this status.
fn curl<'a>(request: Vec<u8>, url: String, wire: Option<&Rc<Proxy>>, status: &'static str) -> Program<'a> {
    let person = Person::new();
    Program::new("curl, same bytes", wire, move |_| rivals::curl(&person, &request, &url))
        .checked(move |sample| assert!(sample.said.ends_with(status), "{}", sample.said))
}
