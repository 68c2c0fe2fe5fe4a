//! What each command does to files. A program that nobody described here is taken to
//! write only where an option says so.

mod archives;
mod builtins;
mod code;
mod editors;
mod files;
mod find;
mod formatters;
mod git;
mod network;
mod options;
mod output;
mod sed;
mod wrappers;

use super::Reach;
use super::text::Text;
use super::walk::{Call, Walker};
use options::{Options, options};

/// Most words of a command's input that its output may be one of.
const MOST_WORDS: usize = 512;

/// Runs a command that is no function: yields its output.
pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let output = dispatch(walker, call);
    match (output == Text::gap(), call.input) {
        // What a filter makes of its input is likely one of the words there.
        (true, Some(input)) => {
            Text::naming(input.words().iter().flat_map(Text::names).take(MOST_WORDS).collect())
        }
        _ => output,
    }
}

fn dispatch(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    match call.name {
        "cp" | "gcp" | "mv" | "gmv" | "ln" | "gln" | "install" | "ginstall" | "rm" | "grm" | "rmdir"
        | "unlink" | "shred" | "srm" | "trash" | "trash-put" | "truncate" | "touch" | "gtouch" | "mkdir"
        | "gmkdir" | "mkfifo" | "mknod" | "fallocate" | "chmod" | "chown" | "chgrp" | "chattr"
        | "setfacl" | "setfattr" | "xattr" | "dd" | "split" | "csplit" | "sort" | "gsort" | "shuf"
        | "uniq" | "rename" | "prename" | "mmv" | "mktemp" | "dos2unix" | "unix2dos" | "sponge" | "ditto"
        | "chflags" | "logrotate" => files::run(walker, call),
        "rsync" | "scp" | "curl" | "wget" | "aria2c" => network::run(walker, call),
        "tar" | "gtar" | "bsdtar" | "unzip" | "zip" | "7z" | "7za" | "7zz" | "gzip" | "gunzip" | "bzip2"
        | "bunzip2" | "xz" | "unxz" | "zstd" | "unzstd" | "lz4" | "cpio" | "unrar" | "jar" => {
            archives::run(walker, call)
        }
        "sed" | "gsed" => sed::run(walker, call),
        "ed" | "ex" | "vim" | "vi" | "nvim" | "view" | "emacs" | "nano" | "micro" | "patch"
        | "apply_patch" | "applypatch" => editors::run(walker, call),
        "awk" | "gawk" | "mawk" | "nawk" | "perl" | "ruby" | "python" | "python2" | "python3" | "pypy3"
        | "node" | "nodejs" | "deno" | "bun" | "php" | "lua" | "Rscript" | "osascript" | "tsx"
        | "ts-node" | "julia" => code::run(walker, call),
        "find" | "gfind" | "fd" | "fdfind" => find::run(walker, call),
        "git" => git::run(walker, call),
        "aitk" => {
            let words = call.args.iter().map_while(|word| word.as_known().map(str::to_owned));
            let words = words.collect();
            walker.aitk.push(words);
            Text::gap()
        }
        name => builtins::run(walker, call)
            .or_else(|| wrappers::run(walker, call))
            .or_else(|| output::run(walker, call))
            .or_else(|| formatters::run(walker, call, name))
            .unwrap_or_else(|| unknown(walker, call)),
    }
}

/// Options under which programs take the path that they write.
const OUTPUTS: [&str; 24] = [
    "o",
    "output",
    "out",
    "outfile",
    "out-file",
    "outFile",
    "output-file",
    "outdir",
    "out-dir",
    "outDir",
    "output-dir",
    "output-directory",
    "output-path",
    "dest",
    "destination",
    "dest-dir",
    "target-dir",
    "log-file",
    "coverprofile",
    "pack-destination",
    "coverageDirectory",
    "site-dir",
    "save-to",
    "write-to",
];
/// Programs whose `-o` says something else, and that write no file.
const READERS: [&str; 29] = [
    "cat", "grep", "egrep", "fgrep", "rg", "ag", "ack", "ls", "ps", "head", "tail", "less", "more", "wc",
    "diff", "cmp", "file", "stat", "du", "df", "jq", "nl", "od", "xxd", "column", "comm", "join", "tac",
    "bat",
];

fn unknown(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    if READERS.contains(&call.name) {
        return Text::gap();
    }
    // What follows `--` goes to the program that this one runs.
    let args: Vec<Text> = call.args.iter().filter(|arg| arg.as_known() != Some("--")).cloned().collect();
    // `--go_out FOLDER` is how protoc's plugins have it.
    let outs =
        args.iter().filter_map(|arg| arg.as_known()?.strip_prefix("--").filter(|n| n.ends_with("_out")));
    let words = options(&args, &outs.chain(OUTPUTS).collect::<Vec<_>>());
    for (name, value) in &words.options {
        let other = ["timeout", "layout", "without", "checkout"].iter().any(|word| name.contains(word));
        let says_so = name.len() > 2 && !other && (name.contains("out") || name.contains("dest"));
        if let Some(value) = value.as_ref().filter(|_| says_so || OUTPUTS.contains(&&name[..])) {
            walker.write(value, Reach::File);
        }
    }
    let first = words.operands.first().map(Text::head).unwrap_or_default();
    let last = words.operands.last().filter(|_| words.operands.len() > 1);
    match call.name {
        // These name what they write last.
        "ffmpeg" | "convert" | "magick" | "sphinx-build" | "degit" | "tiged" | "qpdf" | "wkhtmltopdf"
        | "gsutil" | "sass" | "lessc" | "pdftotext" | "pdftoppm" => {
            write_all(walker, last, Reach::File);
        }
        "cargo" | "npm" | "django-admin" if matches!(first, "new" | "init" | "startproject") => {
            write_all(walker, last, Reach::File);
        }
        "docker" | "podman" | "kubectl" | "aws" | "oc"
            if words.operands.iter().any(|word| matches!(word.head(), "cp" | "sync" | "mv")) =>
        {
            write_all(walker, last.filter(|target| !target.head().contains(':')), Reach::File);
        }
        "docker" | "podman" | "nerdctl" if first == "run" => {
            for volume in options(call.args, &["v", "volume"]).values(&["v", "volume"]) {
                let volume = volume.filled();
                let mut parts = volume.split(':');
                let folder = parts.next().unwrap_or_default();
                // A name without a slash is a volume's.
                if folder.contains('/') && !parts.any(|part| part.split(',').any(|option| option == "ro")) {
                    walker.doubt_here("a container that may write there", &[folder.to_owned()]);
                }
            }
        }
        // It writes its own settings.
        "codex"
            if first == "features"
                && words.operands.get(1).is_some_and(|word| matches!(word.head(), "enable" | "disable")) =>
        {
            for home in builtins::home(walker).into_iter().flatten() {
                let file = home.join(".codex/config.toml");
                walker.write(&Text::known(&file.to_string_lossy()), Reach::File);
            }
        }
        "gh" => {
            let words = options(call.args, &["D", "dir", "O"]);
            write_all(walker, &words.values(&["D", "dir", "O"]), Reach::File);
            if words.operands.iter().take(2).map(Text::head).eq(["repo", "clone"]) {
                write_all(walker, words.operands.get(3), Reach::File);
            }
        }
        "asciidoctor" => {
            let words = options(call.args, &["D", "destination-dir", "a", "b", "r"]);
            write_all(walker, &words.values(&["D", "destination-dir"]), Reach::File);
        }
        "yq" if words.has(&["i", "inplace", "in-place"]) => {
            write_all(walker, words.operands.iter().skip(1), Reach::File);
        }
        "venv" | "virtualenv" | "mkdirp" | "make-dir" => write_all(walker, &words.operands, Reach::File),
        "rimraf" | "del" | "del-cli" => write_all(walker, &words.operands, Reach::Tree),
        "gio" if matches!(first, "trash" | "remove" | "move" | "rename") => {
            write_all(walker, &words.operands[1..], Reach::Tree);
        }
        "screencapture" | "scrot" => write_all(walker, &words.operands, Reach::File),
        "tcpdump" => {
            write_all(walker, &options(call.args, &["w", "i", "r", "c"]).values(&["w"]), Reach::File)
        }
        "json.tool" => write_all(walker, words.operands.get(1), Reach::File),
        "zipfile" | "tarfile" if words.has(&["e", "extract", "c", "create"]) => {
            write_all(
                walker,
                options(call.args, &[]).operands.get(usize::from(words.has(&["e", "extract"]))),
                Reach::File,
            );
        }
        "cpy" | "cpy-cli" | "cpx" | "ncp" | "copyfiles" => write_all(walker, last, Reach::File),
        "svn" | "hg" if matches!(first, "export" | "checkout" | "co" | "clone") => {
            write_all(walker, words.operands.get(2), Reach::File);
        }
        "rclone" if matches!(first, "copy" | "sync" | "move" | "copyto" | "moveto") => {
            write_all(walker, last.filter(|target| !target.head().contains(':')), Reach::File);
        }
        "mount" => write_all(walker, last, Reach::File),
        "jsdoc" | "javadoc" | "javac" | "phpdoc" => {
            let words = options(call.args, &["d", "t", "destination", "target"]);
            write_all(walker, &words.values(&["d", "t", "destination", "target"]), Reach::File);
        }
        "mkdocs" | "hugo" | "jekyll" | "mdbook" | "ssh-keygen" | "sphinx-apidoc" => {
            let words = options(call.args, &["d", "f", "o", "site-dir", "destination"]);
            write_all(walker, &words.values(&["d", "f", "site-dir"]), Reach::File);
        }
        _ => {}
    }
    Text::gap()
}

/// Writes every one of `targets`.
fn write_all<'t>(walker: &mut Walker<'_>, targets: impl IntoIterator<Item = &'t Text>, reach: Reach) {
    for target in targets {
        walker.write(target, reach);
    }
}

/// The last name of a path.
fn base(path: &Text) -> Option<Text> {
    match path.as_known() {
        Some(known) => known.trim_end_matches('/').rsplit('/').next().map(Text::known),
        None => {
            let filled = path.gapped();
            filled.trim_end_matches('/').rsplit('/').next().map(Text::known)
        }
    }
}

/// `name` in `folder`.
fn within(folder: &Text, name: &Text) -> Text {
    let mut path = folder.clone();
    path.push("/");
    path.append(name);
    path
}
