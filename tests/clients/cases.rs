//! What the scripted model does, in no client's words, and what has to come of it.

/// Something that a model asks its client to do. Paths are relative to the repository.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Writes a new file.
    Write(&'static str, &'static str),
    /// Replaces a text in a file.
    Edit(&'static str, &'static str, &'static str),
    /// Runs a command in a shell.
    Shell(&'static str),
    /// Writes a file through an MCP server.
    Mcp(&'static str, &'static str),
    /// Reads a file.
    Read(&'static str),
    /// Looks for a word in a folder.
    Grep(&'static str, &'static str),
    /// Looks for files by name in a folder.
    Find(&'static str, &'static str),
    /// Replaces the client's settings by some without hooks.
    DropHooks,
    /// The same in a shell.
    DropHooksInShell,
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
    /// The model is asked nothing at all, and the person is told why.
    NotStarted,
    /// It is refused with a reason of ours.
    Stopped,
    /// The file is there afterwards, with this text.
    Lands(&'static str, &'static str),
    /// The model is told this.
    Told(&'static str),
}

/// A story of one session.
pub struct Case {
    pub name: &'static str,
    pub given: Given,
    pub actor: Actor,
    pub acts: &'static [Act],
    pub outcome: Outcome,
}

/// The doc that the acts are about, and a word that is in no other file.
pub const GUIDE: &str = "# Release guide\n\nShips leave on quokkaday.\n";
/// The word.
pub const WORD: &str = "quokkaday";

use Act::{DropHooks, DropHooksInShell, Edit, Find, Grep, Mcp, Read, Shell, Write};
use Actor::{Main, Subagent};
use Outcome::{Lands, NotStarted, Stopped, Told};

const fn case(name: &'static str, acts: &'static [Act], outcome: Outcome) -> Case {
    Case { name, given: Given::Docs, actor: Main, acts, outcome }
}

/// A model's turn takes seconds, in which a client may see that its settings are others now.
const TAKE_TIME: Act = Shell("sleep 2");

/// All cases.
pub const CASES: &[Case] = &[
    case("writes a source file", &[Write("src/ok.txt", "fine\n")], Lands("src/ok.txt", "fine\n")),
    case("writes one in a shell", &[Shell("echo fine > src/ok.txt")], Lands("src/ok.txt", "fine\n")),
    case("writes one through MCP", &[Mcp("src/ok.txt", "fine\n")], Lands("src/ok.txt", "fine\n")),
    case("reads a mirrored doc", &[Read(".docs/guides/release.md")], Told("Ships leave on quokkaday.")),
    Case {
        name: "reads a doc in a fresh clone",
        given: Given::NoDocs,
        actor: Main,
        acts: &[Read(".docs/guides/release.md")],
        outcome: Told("Ships leave on quokkaday."),
    },
    case("greps for a word of it", &[Grep(WORD, ".docs")], Told("guides/release.md")),
    case("finds it by name", &[Find("release.md", ".docs")], Told("guides/release.md")),
    case("writes into the mirror", &[Write(".docs/new.md", "x\n")], Stopped),
    case(
        "edits a mirrored doc",
        &[
            Read(".docs/guides/release.md"),
            Edit(".docs/guides/release.md", "Ships leave on quokkaday.", "Nothing leaves."),
        ],
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
    Case {
        name: "has a subagent write into the mirror",
        given: Given::Docs,
        actor: Subagent,
        acts: &[Write(".docs/new.md", "x\n")],
        outcome: Stopped,
    },
    case("takes the hooks out, then writes", &[DropHooks, TAKE_TIME, Write(".docs/new.md", "x\n")], Stopped),
    case(
        "takes the hooks out in a shell, then writes",
        &[DropHooksInShell, TAKE_TIME, Write(".docs/new.md", "x\n")],
        Stopped,
    ),
    case("writes through a link to the mirror", &[Write("notes/new.md", "x\n")], Stopped),
    case(
        "makes a link to the mirror, then writes",
        &[Shell("ln -s .docs/guides here"), Write("here/new.md", "x\n")],
        Stopped,
    ),
    Case {
        name: "is asked something while the docs are locked",
        given: Given::Lock,
        actor: Main,
        acts: &[Write("src/ok.txt", "fine\n")],
        outcome: NotStarted,
    },
];
