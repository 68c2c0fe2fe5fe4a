//! Programs that fetch files.

use super::files::{contents, copied};
use super::{base, options, within, write_all};
use crate::guard::shell::Reach;
use crate::guard::shell::text::Text;
use crate::guard::shell::walk::{Call, Walker};

pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    match call.name {
        "rsync" | "scp" => copy(walker, call),
        "curl" => curl(walker, call),
        _ => wget(walker, call),
    }
}

fn copy(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let valued = [
        "e",
        "rsh",
        "exclude",
        "include",
        "filter",
        "f",
        "files-from",
        "exclude-from",
        "include-from",
        "B",
        "M",
        "T",
        "temp-dir",
        "chmod",
        "chown",
        "bwlimit",
        "i",
        "P",
        "F",
        "S",
        "o",
        "J",
        "c",
        "l",
        "log-file",
        "max-size",
        "min-size",
        "timeout",
        "port",
        "rsync-path",
        "backup-dir",
        "suffix",
        "compare-dest",
        "link-dest",
    ];
    let rsync = call.name == "rsync";
    // `-i`, `-P`, `-S`, `-c`, `-l`, `-o` and `-F` of rsync take no value.
    let valued: Vec<&str> = valued.into_iter().filter(|name| !rsync || !"iPScloFJ".contains(name)).collect();
    let mut words = options(call.args, &valued);
    if rsync && words.has(&["n", "dry-run", "list-only"]) {
        return Text::gap();
    }
    write_all(walker, &words.values(&["log-file", "backup-dir"]), Reach::File);
    if rsync && words.has(&["remove-source-files"]) {
        write_all(walker, words.operands.iter().rev().skip(1), Reach::Tree);
    }
    let Some(target) = words.operands.pop().filter(|_| !words.operands.is_empty()) else {
        return Text::gap();
    };
    if is_remote(&target) {
        return Text::gap();
    }
    if words.options.iter().any(|(name, _)| name.starts_with("delete")) && rsync {
        walker.write(&target, Reach::Tree);
    }
    copied(walker, &words.operands, &target);
    if rsync {
        for source in
            words.operands.iter().filter(|source| source.as_known().is_some_and(|s| s.ends_with('/')))
        {
            contents(walker, source, &target);
        }
    }
    Text::gap()
}

/// `host:path`.
fn is_remote(target: &Text) -> bool {
    let head = target.head();
    head.find(':').is_some_and(|colon| !head[..colon].contains('/'))
}

/// The short options of curl that take a value.
const CURL: &[&str] = &[
    "A",
    "b",
    "c",
    "C",
    "d",
    "D",
    "e",
    "E",
    "F",
    "H",
    "h",
    "K",
    "m",
    "o",
    "P",
    "Q",
    "r",
    "t",
    "T",
    "u",
    "U",
    "w",
    "x",
    "X",
    "y",
    "Y",
    "z",
    "output",
    "output-dir",
    "data",
    "data-raw",
    "data-binary",
    "data-urlencode",
    "json",
    "header",
    "request",
    "user",
    "url",
    "cookie",
    "cookie-jar",
    "dump-header",
    "form",
    "max-time",
    "connect-timeout",
    "retry",
    "user-agent",
    "referer",
    "cacert",
    "cert",
    "key",
    "proxy",
    "write-out",
    "trace",
    "trace-ascii",
    "stderr",
    "upload-file",
    "etag-save",
    "hsts",
    "alt-svc",
    "config",
    "retry-delay",
    "resolve",
    "range",
];

fn curl(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let words = options(call.args, CURL);
    let mut targets = words.values(&["o", "output"]);
    if words.has(&["O", "remote-name", "remote-name-all", "J", "remote-header-name"]) {
        let mut urls = words.operands.clone();
        urls.extend(words.values(&["url"]));
        targets.extend(urls.iter().filter_map(base));
    }
    if let Some(folder) = words.value(&["output-dir"]) {
        walker.write(&folder, Reach::File);
        targets = targets.iter().map(|target| within(&folder, target)).collect();
    }
    targets.extend(words.values(&[
        "D",
        "dump-header",
        "c",
        "cookie-jar",
        "trace",
        "trace-ascii",
        "stderr",
        "etag-save",
        "hsts",
        "alt-svc",
    ]));
    targets.retain(|target| target.as_known() != Some("-"));
    write_all(walker, &targets, Reach::File);
    Text::gap()
}

const ARIA: &[&str] = &["d", "dir", "o", "out", "l", "log", "i", "input-file", "s", "x", "j", "k"];
const WGET: &[&str] = &[
    "O",
    "output-document",
    "P",
    "directory-prefix",
    "o",
    "output-file",
    "a",
    "append-output",
    "t",
    "tries",
    "T",
    "timeout",
    "U",
    "user-agent",
    "header",
    "user",
    "password",
    "i",
    "input-file",
    "e",
    "execute",
    "A",
    "R",
    "D",
    "l",
    "level",
    "post-data",
    "save-cookies",
    "load-cookies",
    "w",
    "wait",
];

fn wget(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let aria = call.name == "aria2c";
    let words = options(call.args, if aria { ARIA } else { WGET });
    if words.has(&["spider", "dry-run"]) {
        return Text::gap();
    }
    let folder = words.value(if aria { &["d", "dir"] } else { &["P", "directory-prefix"] });
    let documents = words.values(if aria { &["o", "out"] } else { &["O", "output-document"] });
    let mut targets: Vec<Text> = match documents.is_empty() {
        // Of an address that ends in a slash the index is fetched.
        true => words.operands.iter().filter(|url| !url.filled().ends_with('/')).filter_map(base).collect(),
        false => documents,
    };
    if let Some(folder) = folder {
        walker.write(&folder, Reach::File);
        targets.extend(targets.clone().iter().map(|target| within(&folder, target)));
    }
    if !aria {
        targets.extend(words.values(&["o", "output-file", "a", "append-output", "save-cookies"]));
    }
    targets.retain(|target| target.as_known() != Some("-"));
    write_all(walker, &targets, Reach::File);
    Text::gap()
}
