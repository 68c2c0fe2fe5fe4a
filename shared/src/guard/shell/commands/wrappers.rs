//! Commands that run another command.

use super::options::{leading, options};
use super::{builtins, find};
use crate::guard::powershell;
use crate::guard::shell::Reach;
use crate::guard::shell::text::{Text, fragments};
use crate::guard::shell::walk::{Call, SUBSTITUTED, Walker};

/// Programs that take a command after these options of theirs with values.
const PLAIN: &[(&str, &[&str])] = &[
    ("command", &[]),
    ("builtin", &[]),
    ("exec", &["a"]),
    ("nohup", &[]),
    ("setsid", &[]),
    ("chronic", &[]),
    ("sudo", &["u", "g", "h", "p", "C", "r", "t", "T", "U", "D", "R", "user", "group", "chdir"]),
    ("doas", &["u", "C"]),
    ("nice", &["n", "adjustment"]),
    ("ionice", &["c", "n", "p"]),
    ("time", &["f", "o"]),
    ("gtime", &["f", "o"]),
    ("stdbuf", &["i", "o", "e"]),
    ("unbuffer", &[]),
    ("caffeinate", &["t", "w"]),
    ("xvfb-run", &["s", "n", "e"]),
    ("strace", &["o", "e", "p", "s", "E", "u", "P", "a", "b", "I", "O", "S", "X"]),
    ("ltrace", &["o", "e", "u", "p", "s", "n", "l", "a"]),
    ("unshare", &["S", "G", "R", "w", "setuid", "setgid", "root", "wd"]),
    ("nsenter", &["t", "target", "S", "G"]),
    ("setpriv", &["reuid", "regid", "groups", "ruid", "euid"]),
    ("prlimit", &["p", "pid"]),
    ("numactl", &["N", "m", "C", "i", "p"]),
    (
        "systemd-run",
        &["p", "u", "E", "property", "unit", "uid", "gid", "setenv", "working-directory", "slice"],
    ),
    ("runuser", &["u", "user", "g", "group"]),
    ("valgrind", &[]),
    ("firejail", &[]),
    ("rlwrap", &[]),
    ("shx", &[]),
    ("fakeroot", &[]),
    ("noglob", &[]),
    ("nocorrect", &[]),
    ("busybox", &[]),
    ("toybox", &[]),
    ("pkexec", &[]),
    ("npx", &["p", "package", "c", "call"]),
    ("bunx", &[]),
    ("uvx", &["from", "with"]),
    ("pnpx", &[]),
    ("dotenv", &["e", "f"]),
    ("not", &[]),
    ("then", &[]),
    ("rtk", &[]),
    ("proxychains4", &["f"]),
    ("cross-env", &[]),
];
/// Programs that take a command after one word of theirs.
const SECOND: &[(&str, &[&str])] = &[
    ("uv", &["run"]),
    ("poetry", &["run"]),
    ("pipenv", &["run"]),
    ("pdm", &["run"]),
    ("rye", &["run"]),
    ("hatch", &["run"]),
    ("bundle", &["exec"]),
    ("npm", &["exec", "x"]),
    ("pnpm", &["exec", "dlx"]),
    ("yarn", &["exec", "dlx"]),
    ("mise", &["exec", "x"]),
    ("asdf", &["exec"]),
    ("direnv", &["exec"]),
    ("op", &["run"]),
    ("pipx", &["run"]),
    ("conda", &["run"]),
    ("nix", &["develop", "shell"]),
    ("bunx", &["--bun"]),
    ("devbox", &["run"]),
    ("flox", &["activate"]),
];

/// Runs a command that runs another; `None` when it is none.
pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>) -> Option<Text> {
    if let Some((_, valued)) = PLAIN.iter().find(|(name, _)| *name == call.name) {
        return Some(plain(walker, call, valued));
    }
    if let Some((_, second)) = SECOND.iter().find(|(name, _)| *name == call.name) {
        let first = call.args.first()?.head();
        if second.contains(&first) {
            let valued =
                ["with", "python", "p", "package", "directory", "project", "extra", "group", "c", "command"];
            let words = leading(&call.args[1..], &valued);
            return Some(walker.apart(|walker| walker.call(&words.operands, call.input)));
        }
        // `yarn prettier …` runs the program itself.
        return match call.name {
            "yarn" | "pnpm" => {
                let args = &call.args[usize::from(first == "run")..];
                let (name, args) = args.split_first()?;
                super::formatters::run(walker, &Call { name: name.head(), args, ..*call }, name.head())
            }
            _ => None,
        };
    }
    Some(match call.name {
        "env" => env(walker, call),
        "sh" | "bash" | "dash" | "zsh" | "ksh" | "ash" | "fish" | "rbash" => shell(walker, call),
        "pwsh" | "powershell" | "powershell.exe" => {
            let at = call.args.iter().position(|arg| {
                ["-c", "-command", "/c"].iter().any(|name| arg.head().eq_ignore_ascii_case(name))
            });
            let words = call.args.get(at.map_or(call.args.len(), |at| at + 1)..).unwrap_or_default();
            let script = words.iter().map(Text::gapped).collect::<Vec<_>>().join(" ");
            let effects = powershell::effects(&script);
            walker.aitk.extend(effects.aitk);
            effects.doubts.iter().for_each(|doubt| walker.doubt_here(&doubt.why, &doubt.names));
            Text::gap()
        }
        "su" => match options(call.args, &["c", "command", "s", "shell", "g"]).value(&["c", "command"]) {
            Some(script) => walker.apart(|walker| builtins::scripted(walker, &script)),
            None => Text::gap(),
        },
        // These have a word of their own before the command.
        "timeout" | "gtimeout" | "taskset" | "chrt" | "gosu" | "su-exec" | "chroot" => {
            let words = leading(call.args, &["s", "signal", "k", "kill-after", "userspec", "groups"]);
            if call.name == "chroot" && words.operands.first().and_then(Text::as_known) != Some("/") {
                return Some(Text::gap());
            }
            let rest = words.operands.get(1..).unwrap_or_default();
            walker.apart(|walker| walker.call(rest, call.input))
        }
        "flock" => {
            let words = leading(call.args, &["w", "timeout", "E"]);
            super::write_all(walker, words.operands.first(), Reach::File);
            let rest = words.operands.get(1..).unwrap_or_default();
            match rest.first().map(Text::head) {
                Some("-c") => {
                    walker.apart(|walker| rest.get(1).map(|script| walker.script(script)).unwrap_or_default())
                }
                _ => walker.apart(|walker| walker.call(rest, call.input)),
            }
        }
        "watch" | "entr" | "script" => {
            let words = leading(call.args, &["n", "interval", "d", "c", "command"]);
            if call.name == "script" {
                super::write_all(walker, words.operands.first(), Reach::File);
            }
            let mut script = words.value(&["c", "command"]).unwrap_or_default();
            if call.name != "script" {
                for word in &words.operands {
                    script.append(word);
                    script.push(" ");
                }
            }
            walker.apart(|walker| builtins::scripted(walker, &script))
        }
        "hyperfine" | "concurrently" | "npm-run-all" | "nodemon" => {
            let words =
                options(call.args, &["w", "r", "m", "M", "prepare", "p", "x", "exec", "export-json", "n"]);
            let prepared = words.values(&["prepare", "p", "exec", "x"]);
            super::write_all(walker, &words.values(&["export-json"]), Reach::File);
            for script in words.operands.iter().chain(&prepared) {
                walker.apart(|walker| builtins::scripted(walker, script));
            }
            Text::gap()
        }
        // They run later what they are given now.
        "at" | "batch" => match call.input {
            Some(script) => walker.apart(|walker| builtins::scripted(walker, script)),
            None => Text::gap(),
        },
        "tmux" => {
            let valued = ["s", "n", "t", "c", "x", "y", "F", "e", "f", "L", "S", "l", "p"];
            for script in options(call.args, &valued).operands.iter().skip(1) {
                walker.apart(|walker| builtins::scripted(walker, script));
            }
            Text::gap()
        }
        "screen" => {
            let words = leading(call.args, &["S", "t", "c", "e", "h", "p", "s", "T", "X", "r"]);
            walker.apart(|walker| walker.call(&words.operands, call.input))
        }
        "xargs" | "gxargs" => xargs(walker, call),
        "parallel" => parallel(walker, call),
        _ => return None,
    })
}

fn plain(walker: &mut Walker<'_>, call: &Call<'_>, valued: &[&str]) -> Text {
    let mut words = leading(call.args, valued);
    if call.name == "command" && words.has(&["v", "V"]) {
        return Text::gap();
    }
    if matches!(call.name, "strace" | "ltrace" | "time" | "gtime") {
        super::write_all(walker, &words.values(&["o"]), Reach::File);
    }
    if call.name == "npx"
        && let Some(script) = words.value(&["c", "call"])
    {
        return walker.apart(|walker| builtins::scripted(walker, &script));
    }
    let folder = words.value(&["D", "chdir"]).filter(|_| call.name == "sudo");
    assign(walker, &mut words.operands);
    if call.name == "sudo" && words.has(&["s", "i"]) && words.operands.is_empty() {
        return shell(walker, &Call { name: "sh", args: &[], input: call.input });
    }
    // `npx prettier@3`: the version is no part of the name.
    if matches!(call.name, "npx" | "bunx" | "uvx" | "pnpx")
        && let Some(name) = words.operands.first_mut()
        && let Some(end) = name.head().rfind('@').filter(|end| *end > 0)
    {
        *name = Text::known(&name.head()[..end]);
    }
    match (call.name, folder) {
        // These run what the shell itself has; all others are programs, which cannot change it.
        ("command" | "builtin" | "noglob" | "nocorrect" | "time", _) => {
            walker.call(&words.operands, call.input)
        }
        (_, Some(folder)) => walker.apart(|walker| {
            walker.state.folders = builtins::folders(walker, &folder);
            walker.call(&words.operands, call.input)
        }),
        _ => walker.apart(|walker| walker.call(&words.operands, call.input)),
    }
}

/// Takes assignments off the front of `words`.
fn assign(walker: &mut Walker<'_>, words: &mut Vec<Text>) {
    while let Some(word) = words.first() {
        let head = word.head();
        let Some(end) = head.find('=') else { return };
        if end == 0 || !head[..end].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return;
        }
        walker.state.set(&head[..end], word.after(end + 1));
        words.remove(0);
    }
}

fn env(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let mut words = leading(call.args, &["u", "unset", "C", "chdir", "S", "split-string", "a"]);
    walker.apart(|walker| {
        if let Some(folder) = words.value(&["C", "chdir"]) {
            walker.state.folders = builtins::folders(walker, &folder);
        }
        if let Some(script) = words.value(&["S", "split-string"]) {
            let mut script = script;
            for word in &words.operands {
                script.push(" ");
                script.append(word);
            }
            return walker.script(&script);
        }
        assign(walker, &mut words.operands);
        // Builtins that change the shell do not outlive `env`.
        match words.operands.is_empty() {
            true => Text::gap(),
            false => walker.call(&words.operands, call.input),
        }
    })
}

fn shell(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let words = leading(call.args, &["o", "O", "rcfile", "init-file"]);
    let commanded = words.has(&["c", "command"]);
    let mut operands = words.operands.into_iter();
    let script = match (commanded, operands.next()) {
        (true, Some(script)) => script,
        (true, None) => return Text::gap(),
        (false, Some(file)) if !words.options.iter().any(|(name, _)| name == "s") => match file.head() {
            SUBSTITUTED => walker.substitution.take().unwrap_or_else(Text::gap),
            "/dev/stdin" | "-" => call.input.cloned().unwrap_or_else(Text::gap),
            // A program that cannot be looked into.
            _ => return Text::gap(),
        },
        (false, first) => {
            operands = first.into_iter().collect::<Vec<_>>().into_iter();
            call.input.cloned().unwrap_or_default()
        }
    };
    let mut arguments: Vec<Text> = operands.collect();
    let name = (commanded && !arguments.is_empty()).then(|| arguments.remove(0));
    walker.apart(|walker| {
        walker.state.name = name;
        walker.state.arguments = Some(arguments);
        walker.state.input = if commanded { call.input.cloned() } else { None };
        builtins::scripted(walker, &script)
    })
}

const XARGS: &[&str] = &[
    "I",
    "i",
    "n",
    "max-args",
    "P",
    "max-procs",
    "L",
    "max-lines",
    "d",
    "delimiter",
    "s",
    "a",
    "arg-file",
    "E",
    "J",
    "R",
    "replace",
];

fn xargs(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let words = leading(call.args, XARGS);
    if words.operands.is_empty() {
        return call.input.cloned().unwrap_or_default();
    }
    let lined = words.has(&["I", "i", "J", "replace", "L", "d", "0", "null"]);
    let input = match words.has(&["a", "arg-file"]) {
        true => match words.value(&["a", "arg-file"]).as_ref().and_then(Text::as_known) {
            Some(SUBSTITUTED) => walker.substitution.take().unwrap_or_else(Text::gap),
            _ => Text::gap(),
        },
        false => call.input.cloned().unwrap_or_else(Text::gap),
    };
    let items = match lined {
        true => input.split(|c| matches!(c, '\n' | '\0')),
        false => input.words(),
    };
    let mark = words.value(&["I", "i", "J", "replace"]).map(|mark| mark.head().to_owned());
    applied(walker, &words.operands, &items, mark.as_deref())
}

/// Runs `command` with `items`: in place of `mark`, or after its own words.
fn applied(walker: &mut Walker<'_>, command: &[Text], items: &[Text], mark: Option<&str>) -> Text {
    walker.apart(|walker| match mark.filter(|mark| !mark.is_empty()) {
        None => {
            let words: Vec<Text> = command.iter().chain(items.iter().take(4096)).cloned().collect();
            walker.call(&words, None)
        }
        Some(mark) => {
            for item in items.iter().take(512) {
                let words: Vec<Text> = command
                    .iter()
                    .map(|word| match (word.as_known() == Some(mark), item.as_known()) {
                        (true, _) => item.clone(),
                        (false, Some(item)) => find::placed(word, mark, item),
                        (false, None) => substituted(word, mark, item),
                    })
                    .collect();
                walker.call(&words, None);
            }
            Text::gap()
        }
    })
}

/// `word` with `mark` replaced by a text that is not known.
fn substituted(word: &Text, mark: &str, item: &Text) -> Text {
    let known = word.gapped();
    let mut pieces = known.split(mark);
    let mut out = Text::known(pieces.next().unwrap_or_default());
    for piece in pieces {
        out.append(item);
        out.push(piece);
    }
    out
}

fn parallel(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let words =
        leading(call.args, &["j", "jobs", "I", "a", "arg-file", "colsep", "C", "N", "n", "delay", "S"]);
    let at = words.operands.iter().position(|word| matches!(word.head(), ":::" | ":::+"));
    let (command, items) = match at {
        Some(at) => {
            let items = words.operands[at + 1..].iter().filter(|word| !word.head().starts_with(":::"));
            (&words.operands[..at], items.cloned().collect())
        }
        None => (&words.operands[..], call.input.map(Text::lines).unwrap_or_else(|| vec![Text::gap()])),
    };
    // Its words are joined and read by a shell.
    let mut script = Text::default();
    for word in command {
        script.append(word);
        script.push(" ");
    }
    if !script.gapped().contains("{}") {
        script.push("{}");
    }
    for item in items.iter().take(512) {
        walker.apart(|walker| {
            let script = substituted(&script, "{}", item);
            builtins::scripted(walker, &script)
        });
    }
    if items.iter().any(|item| item.as_known().is_none()) {
        let names = fragments(&script.gapped());
        walker.doubt_here("commands that are not known", &names);
    }
    Text::gap()
}
