//! The names of tools, as the agents call them.
//!
//! Read from captured events and from the clients' own documentation: Claude Code, Codex, Gemini,
//! Qwen, Copilot, opencode, Kilo, droid, Cline, Cursor, Windsurf, Kiro, Auggie, VS Code. Names are
//! compared without case and without what joins their words, so that `apply_patch` and
//! `ApplyPatch` are one.

/// What a tool of a known name does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Changes no file, or only starts tools that have hooks of their own.
    Reads,
    /// Writes the files that its input names.
    Writes,
    /// The same, unless its `command` says that it only looks.
    Edits,
    /// Takes away the files that its input names.
    Removes,
    /// Writes the files that are named in the text of a patch.
    Patches,
    /// Runs a script in a POSIX shell.
    Shell,
    /// Runs a script in PowerShell.
    PowerShell,
}

/// Longest name that is looked up, in bytes; all known ones are far shorter.
const LONGEST: usize = 64;

/// What the tool called `name` does, if that is known.
pub fn known(name: &str) -> Option<Effect> {
    let mut plain = [0; LONGEST];
    let mut length = 0;
    for byte in name.bytes().filter(u8::is_ascii_alphanumeric) {
        *plain.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return None;
    }
    Some(match &plain[..length] {
        b"write" | b"edit" | b"multiedit" | b"notebookedit" | b"editnotebook" | b"create" | b"createfile"
        | b"createnewfile" | b"writefile" | b"writetofile" | b"replace" | b"replaceinfile" | b"editfile"
        | b"editfiles" | b"stredit" | b"strreplace" | b"searchreplace" | b"insert" | b"insertcontent"
        | b"insertedit" | b"inserteditintofile" | b"replacestringinfile" | b"multireplacestringinfile"
        | b"replacefilecontent" | b"multireplacefilecontent" | b"editnotebookfile" | b"createdirectory"
        | b"createnewjupyternotebook" | b"fswrite" | b"fsappend" | b"savefile" | b"undoedit"
        | b"writemultiplefiles" | b"editblock" => Effect::Writes,
        b"editor" | b"texteditor" | b"strreplaceeditor" | b"strreplacebasededittool" => Effect::Edits,
        b"delete" | b"deletefile" | b"removefiles" | b"rename" | b"move" | b"movefile" => Effect::Removes,
        b"applypatch" | b"patch" | b"applydiff" => Effect::Patches,
        b"bash" | b"shell" | b"sh" | b"zsh" | b"localshell" | b"runshellcommand" | b"execute" | b"executecommand"
        | b"executebash" | b"execcommand" | b"runcommand" | b"runcommands" | b"runinterminal"
        | b"runterminalcmd" | b"runterminalcommand" | b"launchprocess" | b"writestdin" | b"writebash"
        | b"asyncbash" | b"terminal" | b"containerexec" | b"monitor" => Effect::Shell,
        b"powershell" | b"pwsh" | b"executepwsh" | b"writepowershell" => Effect::PowerShell,
        b"read" | b"readfile" | b"readmanyfiles" | b"readmultiplefiles" | b"view" | b"viewfile" | b"notebookread"
        | b"getnotebookcells" | b"fsread" | b"glob" | b"grep" | b"grepsearch" | b"filesearch" | b"codebasesearch"
        | b"searchfiles" | b"searchfilecontent" | b"semanticsearch" | b"rg" | b"ls" | b"list" | b"listdir"
        | b"listdirectory" | b"listfiles" | b"listcodedefinitionnames" | b"codesearch" | b"lsp" | b"readlints"
        | b"geterrors" | b"diagnostics" | b"bashoutput" | b"readbash" | b"readpowershell" | b"listbash"
        | b"stopbash" | b"killbash" | b"killshell" | b"viewimage" | b"webfetch" | b"websearch"
        | b"googlewebsearch" | b"fetch" | b"fetchurl" | b"skill" | b"slashcommand" | b"activateskill"
        // Plans, questions, other agents.
        | b"agent" | b"task" | b"taskcreate" | b"taskget" | b"tasklist" | b"taskoutput" | b"taskstop"
        | b"taskupdate" | b"spawnagent" | b"sendinput" | b"sendmessage" | b"waitagent" | b"wait" | b"closeagent"
        | b"readagent" | b"listagents" | b"resumeagent" | b"runsubagent" | b"usesubagents" | b"workflow"
        | b"askuser" | b"askuserquestion" | b"askfollowupquestion" | b"question" | b"requestuserinput"
        | b"enterplanmode" | b"exitplanmode" | b"exitspecmode" | b"updateplan" | b"updatetodolist" | b"todoread"
        | b"todowrite" | b"todo" | b"writetodos" | b"managetodolist" | b"reportintent" | b"attemptcompletion"
        | b"submitandexit" | b"switchmode" | b"croncreate" | b"crondelete" | b"cronlist" | b"toolsearch"
        | b"listmcpresourcestool" | b"listmcpresources" | b"listmcpresourcetemplates" | b"readmcpresource"
        | b"readmcpresourcetool" | b"savememory" | b"sleep" | b"invalid" => Effect::Reads,
        _ => return None,
    })
}

/// What the words of an unknown tool's name tell.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Words(u8);

const READS: u8 = 1;
const WRITES: u8 = 2;
const REMOVES: u8 = 4;
const RUNS: u8 = 8;
const COPIES: u8 = 16;
const EDITOR: u8 = 32;
/// Changes no file of the working tree, whatever else it does.
const ASIDE: u8 = 64;
/// Writes files here, and never through the host of a repository.
const HERE: u8 = 128;

impl Words {
    /// Whether it reads, and nothing in its name speaks of writing; or whether it writes elsewhere, as
    /// what adds files to git's index or keeps facts in an agent's memory does.
    pub fn read(self) -> bool {
        self.0 & !(EDITOR | HERE) == READS || self.0 & ASIDE != 0
    }

    /// Whether it leaves what it takes from as it was.
    pub fn copy(self) -> bool {
        self.0 & COPIES != 0 && !self.remove()
    }

    /// Whether it is an editor, which also looks.
    pub fn edit(self) -> bool {
        self.0 & EDITOR != 0
    }

    /// Whether it takes something away.
    pub fn remove(self) -> bool {
        self.0 & REMOVES != 0
    }

    /// Whether it may be what the host of a repository offers.
    pub fn forge(self) -> bool {
        self.0 & (HERE | RUNS | COPIES | EDITOR) == 0
    }

    /// Whether it runs something.
    pub fn run(self) -> bool {
        self.0 & RUNS != 0
    }
}

/// Looks at the words of a tool's name. The name of an MCP server, where it can be told from the
/// tool's, says nothing.
pub fn words(name: &str) -> Words {
    let own =
        name.strip_prefix("mcp__").and_then(|rest| rest.split_once("__")).map_or(name, |(_, tool)| tool);
    let mut found = Words::default();
    let mut word = String::new();
    let mut before = String::new();
    let mut take = |word: &mut String| {
        word.make_ascii_lowercase();
        let to_index = before == "git" && matches!(word.as_str(), "add" | "stage" | "commit" | "push");
        found.0 |= if to_index { ASIDE } else { meaning(word) };
        if !word.is_empty() {
            before = std::mem::take(word);
        }
    };
    for c in own.chars() {
        if !c.is_ascii_alphanumeric()
            || (c.is_ascii_uppercase() && !word.ends_with(|c: char| c.is_ascii_uppercase()))
        {
            take(&mut word);
        }
        if c.is_ascii_alphanumeric() {
            word.push(c);
        }
    }
    take(&mut word);
    found
}

fn meaning(word: &str) -> u8 {
    match word {
        "read" | "get" | "list" | "ls" | "search" | "find" | "view" | "show" | "fetch" | "describe"
        | "stat" | "tree" | "info" | "glob" | "grep" | "query" | "lookup" | "cat" | "head" | "tail"
        | "count" | "exists" | "diff" | "status" | "log" | "preview" | "inspect" | "outline" | "symbols"
        | "references" | "hover" | "open" | "upload" | "attach" => READS,
        "create" | "update" | "put" | "append" | "insert" | "replace" | "patch" | "set" | "make"
        | "apply" | "add" | "change" | "modify" | "store" | "generate" | "format" | "fix" | "restore"
        | "undo" | "reset" | "commit" | "merge" => WRITES,
        "write" | "edit" | "save" | "mkdir" | "export" | "download" | "touch" | "link" | "symlink"
        | "chmod" | "install" | "sync" | "checkout" => WRITES | HERE,
        "clone" | "local" | "worktree" => HERE,
        "copy" | "cp" | "convert" | "extract" | "unzip" => WRITES | COPIES,
        "editor" => EDITOR,
        "memory" | "memories" | "entities" | "observations" | "relations" => ASIDE,
        "delete" | "remove" => REMOVES,
        "rm" | "rmdir" | "move" | "mv" | "rename" | "unlink" | "trash" | "clean" => REMOVES | HERE,
        "run" | "exec" | "execute" | "shell" | "bash" | "terminal" | "command" | "process" | "spawn"
        | "script" | "python" | "interpreter" | "kernel" | "repl" => RUNS,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_every_spelling_and_only_whole() {
        for name in ["apply_patch", "ApplyPatch", "applyPatch", "apply-patch"] {
            assert_eq!(known(name), Some(Effect::Patches), "{name}");
        }
        let long = "read".repeat(40);
        for name in
            ["", "mcp__fs__read_file", "read_file_and_write", "fs/read", "rea\u{301}d", "re ad", &long]
        {
            assert_eq!(known(name), None, "{name}");
        }
    }

    #[test]
    fn the_words_of_a_name_tell_reading_from_the_rest() {
        for (name, read, remove, run) in [
            ("mcp__fs__read_file", true, false, false),
            ("mcp__editor-write__get_file_info", true, false, false),
            ("fs-list_directory", true, false, false),
            ("getFileInfo", true, false, false),
            ("READFile", false, false, false),
            ("read_write", false, false, false),
            ("mcp__fs__move_file", false, true, false),
            ("list_and_remove", false, true, false),
            ("start_process", false, false, true),
            ("tomorrow", false, false, false),
            ("browser_file_upload", true, false, false),
            ("mcp__git__git_add", true, false, false),
            ("git_checkout", false, false, false),
            ("mcp__memory__delete_entities", true, true, false),
        ] {
            let words = words(name);
            assert_eq!((words.read(), words.remove(), words.run()), (read, remove, run), "{name}");
        }
    }
}
