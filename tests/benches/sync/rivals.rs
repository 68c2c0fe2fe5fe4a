//! The programs that `aitk check` is compared with, as far as this machine has them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use aitk_tests::Person;
use rustix::process::getuid;

use crate::{docs, web};

pub struct Tools {
    pub curl: bool,
    /// Git over HTTP, both ends.
    pub git: bool,
    pub rsync: bool,
    /// tar, with zstd.
    pub tar: bool,
}

impl Tools {
    pub fn look_for() -> Self {
        let curl = runs("curl --version");
        let git = runs(
            "test -x \"$(git --exec-path)/git-http-backend\" -a -x \"$(git --exec-path)/git-remote-http\"",
        );
        Tools {
            curl,
            git,
            rsync: runs("rsync --version"),
            tar: curl && runs("tar --version && zstd --version"),
        }
    }

    /// What is not there, and what is left out without it.
    pub fn missing(&self) -> Vec<&'static str> {
        let all = [
            (self.curl, "curl"),
            (self.git, "git with git-http-backend: no git rows"),
            (self.rsync, "rsync"),
            (self.tar, "tar with zstd and curl: no tar.zst rows"),
        ];
        all.into_iter().filter(|(is_there, _)| !is_there).map(|(_, name)| name).collect()
    }
}

fn runs(script: &str) -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).stdout(Stdio::null()).stderr(Stdio::null());
    shell.status().is_ok_and(|status| status.success())
}

/// Sends, by curl, the bytes that another program sent; says the status of the answer.
pub fn curl(person: &Person, request: &[u8], url: &str) -> Command {
    let request = String::from_utf8(request.to_vec()).unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap().split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let mut command = person.command("curl");
    command.args(["-sS", "-o", "answer", "-w", "%{http_code}", "-X", method]);
    for header in lines.filter(|line| !line.to_lowercase().starts_with("host:")) {
        command.args(["-H", header]);
    }
    command.args(["--data-binary", body, &format!("{url}{path}")]);
    command
}

/// `curl … | tar --zstd -x`, into a new folder.
pub fn download_and_unpack(person: &Person, url: &str, round: usize) -> Command {
    make_anew(&person.file("unpacked"), round);
    let mut command = person.command("sh");
    command.args(["-c", &format!("curl -sS '{url}/docs.tar.zst' | tar --zstd -x -C unpacked")]);
    command
}

/// Gets everything from the daemon, into a new folder.
pub fn rsync(person: &Person, daemon: SocketAddr, round: usize) -> Command {
    make_anew(&person.file("synced"), round);
    let mut command = person.command("rsync");
    command.args(["-a", &format!("rsync://{daemon}/docs/"), "synced/"]);
    command
}

/// Moves the old folder away. Removing it would slow down whoever makes files next: ext4 takes no
/// inode that was in use a short time ago, and looks at each of them.
fn make_anew(folder: &Path, round: usize) {
    if folder.exists() {
        std::fs::rename(folder, folder.with_extension(round.to_string())).unwrap();
    }
    std::fs::create_dir(folder).unwrap();
}

/// A web server with the docs of a folder: one archive, and a git repository where git is wanted.
pub struct Website {
    pub address: SocketAddr,
    author: Person,
    docs: PathBuf,
}

impl Website {
    pub fn of(docs: &Path, tools: &Tools) -> Self {
        let author = Person::new();
        if tools.tar {
            let packed = author
                .command("tar")
                .args(["--zstd", "-cf", "docs.tar.zst", "-C"])
                .arg(docs)
                .arg(".")
                .status();
            assert!(packed.unwrap().success());
        }
        if tools.git {
            author.git(&["init", "-q", "--bare", "git/docs.git"]);
            author.git(&["clone", "-q", "git/docs.git", "work"]);
            let site = Website { address: web::serve(&author.at), author, docs: docs.to_owned() };
            site.publish();
            return site;
        }
        Website { address: web::serve(&author.at), author, docs: docs.to_owned() }
    }

    fn publish(&self) {
        let copied =
            Command::new("cp").arg("-r").arg(self.docs.join(".")).arg(self.author.file("work")).status();
        assert!(copied.unwrap().success());
        self.commit();
    }

    /// Changes a doc in the git repository.
    pub fn change_doc(&self, number: usize, version: usize) {
        self.author.write(&format!("work/{}", docs::name(number)), docs::text(number, version));
        self.commit();
    }

    fn commit(&self) {
        self.author.git(&["-C", "work", "add", "-A"]);
        self.author.git(&["-C", "work", "commit", "-q", "-m", "docs"]);
        self.author.git(&["-C", "work", "push", "-q", "origin", "HEAD:main"]);
        self.author.git(&["-C", "git/docs.git", "symbolic-ref", "HEAD", "refs/heads/main"]);
    }
}

/// Somebody with a clone, who pulls.
pub fn clone(url: &str) -> Person {
    let person = Person::new();
    person.git(&["clone", "-q", &format!("{url}/git/docs.git"), "clone"]);
    person
}

pub fn git(person: &Person, verb: &str) -> Command {
    let mut command = person.command("git");
    command.args(["-C", "clone", verb, "-q"]);
    command
}

/// An rsync daemon over one folder.
pub struct RsyncDaemon {
    process: Child,
    _home: Person,
    pub address: SocketAddr,
}

impl RsyncDaemon {
    pub fn over(docs: &Path) -> Self {
        let home = Person::new();
        // Nobody can tell rsync to take any free port: one that was free a moment ago.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        // As root it would become "nobody", who may not read the folder.
        let user = if getuid().is_root() { "uid = 0\ngid = 0\n" } else { "" };
        let docs = docs.display();
        home.write("rsyncd.conf", format!("use chroot = no\n{user}[docs]\npath = {docs}\nread only = yes\n"));
        let mut command = home.command("rsync");
        command.args([
            "--daemon",
            "--no-detach",
            "--config=rsyncd.conf",
            "--log-file=log",
            "--address=127.0.0.1",
        ]);
        let process = command.arg(format!("--port={}", address.port())).stdin(Stdio::null()).spawn().unwrap();
        while std::net::TcpStream::connect(address).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        RsyncDaemon { process, _home: home, address }
    }
}

impl Drop for RsyncDaemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
