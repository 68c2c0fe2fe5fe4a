//! The platform under measurement: static binaries, a server in a temporary folder, docs, developers.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use aitk_tests::Person;
use serde_json::Value;
use tempfile::TempDir;

use crate::docs;
use crate::proxy::Proxy;

pub struct Platform {
    process: Child,
    _folder: TempDir,
    programs: PathBuf,
    admin: Person,
    pub address: SocketAddr,
}

/// A developer with a mirror of one project.
pub struct Developer {
    person: Person,
    aitk: PathBuf,
    key_id: String,
}

/// What `aitk check` asks.
pub struct Requests {
    /// Without a mirror.
    pub first: Vec<u8>,
    /// With one that is up to date.
    pub next: Vec<u8>,
    /// Who asked.
    pub developer: Developer,
}

impl Platform {
    pub fn start() -> Self {
        let (programs, folder) = (programs(), tempfile::tempdir().unwrap());
        let mut admin = Person::new();
        let mut process = Command::new(programs.join("aitk-server"))
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut admin_key = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("the server listens").unwrap();
            if let Some(key) = line.strip_prefix("admin key: ") {
                admin_key = key.to_owned();
            }
            if let Some((_, address)) = line.split_once("listening on http://") {
                break address.parse().unwrap();
            }
        };
        admin.set("AITK_URL", &format!("http://{address}"));
        let platform = Platform { process, _folder: folder, programs, admin, address };
        platform.run_as(&platform.admin, &["login", &platform.url()], &admin_key);
        platform
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a project of so many docs; returns the folder that they came from.
    pub fn project(&self, name: &str, count: usize) -> PathBuf {
        let folder = self.admin.file(name);
        for number in 0..count {
            let file = folder.join(docs::name(number));
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, docs::text(number, 0)).unwrap();
        }
        self.manage(&["project", "create", name]);
        self.manage(&["docs", "push", name, "--yes", "--project", name]);
        folder
    }

    /// Changes a doc, under the lock, as a Tech Lead does.
    pub fn change_doc(&self, project: &str, number: usize, version: usize) {
        self.manage(&["lock", "--reason", "a change", "--project", project]);
        let text = docs::text(number, version);
        self.run_as(&self.admin, &["docs", "put", &docs::name(number), "-", "--project", project], &text);
        self.manage(&["unlock", "--project", project]);
    }

    /// Does what an administrator does; returns the answer.
    pub fn manage(&self, arguments: &[&str]) -> Value {
        let said = self.run_as(&self.admin, &[arguments, &["--json"]].concat(), "");
        serde_json::from_str(&said).unwrap()
    }

    /// A developer who reaches the server by this URL, without docs yet.
    pub fn developer(&self, project: &str, url: &str) -> Developer {
        let key =
            self.manage(&["key", "create", "--name", "Dan", "--role", "developer", "--project", project]);
        let person = Person::new();
        self.run_as(&person, &["login", url], key["key"].as_str().unwrap());
        person.write(".aitk.toml", format!("url = \"{url}\"\nproject = \"{project}\"\n"));
        let key_id = key["id"].as_str().unwrap().to_owned();
        Developer { person, aitk: self.programs.join("aitk"), key_id }
    }

    /// The bytes that `aitk check` sends.
    pub fn requests(&self, project: &str) -> Requests {
        let proxy = Proxy::before(self.address, std::time::Duration::ZERO);
        let developer = self.developer(project, &proxy.url());
        proxy.count_anew();
        developer.check_now();
        let first = proxy.request();
        proxy.count_anew();
        developer.check_now();
        Requests { first, next: proxy.request(), developer }
    }

    /// Ends the developer's key.
    pub fn revoke(&self, developer: &Developer) {
        self.manage(&["key", "revoke", &developer.key_id]);
    }

    fn run_as(&self, person: &Person, arguments: &[&str], input: &str) -> String {
        let mut command = person.command(self.programs.join("aitk"));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
        let done = process.wait_with_output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Developer {
    pub fn check(&self) -> Command {
        let mut command = self.person.command(&self.aitk);
        command.arg("check");
        command
    }

    pub fn check_now(&self) {
        let done = self.check().stdin(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// A check that has to fetch every doc: there is no mirror, and the cache is a new one.
    pub fn first_check(&self, round: usize) -> Command {
        if self.mirror().exists() {
            std::fs::rename(self.mirror(), self.person.home().join(format!("mirror-{round}"))).unwrap();
        }
        let mut command = self.check();
        command.env("XDG_CACHE_HOME", self.person.home().join(format!("cache-{round}")));
        command
    }

    pub fn mirror(&self) -> PathBuf {
        self.person.file(".docs")
    }
}

/// The folder with the static release binaries; builds them where there are none.
fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os("AITK_BENCH_BIN") {
        return std::path::absolute(folder).unwrap();
    }
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = checkout.join("target/bench-bin");
    if !folder.join("aitk-server").exists() {
        let mut install = Command::new(checkout.join("install.sh"));
        let built = install.arg("--build-only").arg(&folder).status().unwrap();
        assert!(built.success(), "./install.sh --build-only failed");
    }
    folder
}
