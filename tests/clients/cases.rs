//! What the scripted model does, in no client's words, and what has to come of it.

/// Something that a model asks its client to do. Paths are relative to the repository.
#[derive(Clone, Copy, Debug)]
pub enum Act<'a> {
    /// Writes a new file.
    Write(&'a str, &'a str),
    /// Replaces a text in a file.
    Edit(&'a str, &'a str, &'a str),
    /// Runs a command in a shell.
    Shell(&'a str),
    /// Writes a file through an MCP server.
    Mcp(&'a str, &'a str),
    /// Reads a file.
    Read(&'a str),
    /// Looks for a word in a folder.
    Grep(&'a str, &'a str),
    /// Looks for files by name in a folder.
    Find(&'a str, &'a str),
}

/// How the model takes the hooks out before it acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tamper {
    /// It writes the client's settings anew.
    WithTools,
    /// It does so in a shell.
    InShell,
}

/// What a person put into the client's settings beside our hooks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Put {
    /// A comment.
    Comment,
    /// A comma after the last field.
    Comma,
}

impl Put {
    /// Settings that are JSON, with that.
    pub fn into(self, text: &str) -> String {
        match self {
            Put::Comment => text.replacen('{', "{ // mine, and /* ours */\n", 1),
            Put::Comma => text
                .trim_end()
                .strip_suffix('}')
                .map_or(text.to_owned(), |rest| format!("{},\n}}\n", rest.trim_end())),
        }
    }
}

/// Who acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Actor {
    Main,
    /// A subagent that the main conversation starts.
    Subagent,
}

/// How things are when the session starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Given {
    /// The docs are here.
    Docs,
    /// They are not yet: a fresh clone.
    NoDocs,
    /// They are here, and somebody else has locked them since.
    Lock,
}

/// What has to come of a case's last act.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// The model is asked nothing at all, and the person is told why, where the client tells people.
    NotStarted,
    /// It is refused with a reason of ours.
    Stopped,
    /// The file is there afterwards, with this text.
    Lands(&'static str, &'static str),
    /// The model is told this.
    Told(&'static str),
    /// It is refused with a reason of ours, unless `aitk doctor` says that the client cannot read its
    /// settings; then it is not.
    AsDoctorSays,
}

/// A story of one session.
pub struct Case {
    pub name: &'static str,
    pub given: Given,
    pub put: Option<Put>,
    pub tamper: Option<Tamper>,
    pub actor: Actor,
    pub acts: &'static [Act<'static>],
    pub outcome: Outcome,
}

/// The doc that the acts are about, and a word that is in no other file.
pub const GUIDE: &str = "# Release guide\n\nShips leave on quokkaday.\n";
/// The word.
pub const WORD: &str = "quokkaday";

use Act::{Edit, Find, Grep, Mcp, Read, Shell, Write};
use Outcome::{AsDoctorSays, Lands, NotStarted, Stopped, Told};

/// One where the docs are here, and the main conversation does all.
const fn case(name: &'static str, acts: &'static [Act<'static>], outcome: Outcome) -> Case {
    Case { name, given: Given::Docs, put: None, tamper: None, actor: Actor::Main, acts, outcome }
}

/// A model's turn takes seconds, in which a client may see that its settings are others now.
const TAKE_TIME: Act<'_> = Shell("sleep 2");

const SOURCE: Outcome = Lands("src/ok.txt", "fine\n");
const READ: Act<'_> = Read(".docs/guides/release.md");
const CONTENT: Outcome = Told("Ships leave on quokkaday.");
const WRITE: Act<'_> = Write(".docs/new.md", "x\n");

/// All cases.
pub const CASES: &[Case] = &[
    case("writes a source file", &[Write("src/ok.txt", "fine\n")], SOURCE),
    case("writes one in a shell", &[Shell("echo fine > src/ok.txt")], SOURCE),
    case("writes one through MCP", &[Mcp("src/ok.txt", "fine\n")], SOURCE),
    case("reads a mirrored doc", &[READ], CONTENT),
    Case { given: Given::NoDocs, ..case("reads a doc in a fresh clone", &[READ], CONTENT) },
    case("greps for a word of it", &[Grep(WORD, ".docs")], Told("guides/release.md")),
    case("finds it by name", &[Find("release.md", ".docs")], Told("guides/release.md")),
    case("writes into the mirror", &[WRITE], Stopped),
    case(
        "edits a mirrored doc",
        &[READ, Edit(".docs/guides/release.md", "Ships leave on quokkaday.", "Nothing leaves.")],
        Stopped,
    ),
    case(
        "edits the project's own doc",
        &[Read("docs/own.md"), Edit("docs/own.md", "Own.", "Mine.")],
        Stopped,
    ),
    case("appends to the mirror in a shell", &[Shell("echo x >> .docs/guides/release.md")], Stopped),
    case("redirects into docs in a shell", &[Shell("echo x > docs/own.md")], Stopped),
    case("removes the mirror in a shell", &[Shell("rm -rf .docs")], Stopped),
    case("writes into the mirror through MCP", &[Mcp(".docs/new.md", "x\n")], Stopped),
    Case { actor: Actor::Subagent, ..case("has a subagent write into the mirror", &[WRITE], Stopped) },
    Case {
        tamper: Some(Tamper::WithTools),
        ..case("takes the hooks out, then writes", &[TAKE_TIME, WRITE], Stopped)
    },
    Case {
        tamper: Some(Tamper::InShell),
        ..case("takes the hooks out in a shell, then writes", &[TAKE_TIME, WRITE], Stopped)
    },
    case("writes through a link to the mirror", &[Write("notes/new.md", "x\n")], Stopped),
    case(
        "makes a link to the mirror, then writes",
        &[Shell("ln -s .docs/guides here"), Write("here/new.md", "x\n")],
        Stopped,
    ),
    Case {
        put: Some(Put::Comment),
        ..case("has a comment in its settings, then writes", &[WRITE], AsDoctorSays)
    },
    Case {
        put: Some(Put::Comma),
        ..case("has a comma too many in them, then writes", &[WRITE], AsDoctorSays)
    },
    Case {
        given: Given::Lock,
        ..case("is asked something while the docs are locked", &[Write("src/ok.txt", "fine\n")], NotStarted)
    },
];
