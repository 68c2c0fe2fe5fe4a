//! `find`: its expression is tried on every name below where it starts.

use super::options;
use crate::guard::shell::Reach;
use crate::guard::shell::emit::{join, lexical};
use crate::guard::shell::globs::{self, MADE};
use crate::guard::shell::text::Text;
use crate::guard::shell::walk::{Call, Walker};

/// Deepest expression.
const DEEPEST: usize = 50;
/// Most names that are followed.
const MOST: usize = 4096;
/// Most folders that are named where there are more.
const MOST_NAMED: usize = 256;

/// A `find` expression.
enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    /// The last name of the path.
    Name {
        pattern: String,
        folds: bool,
    },
    /// The whole path.
    Path {
        pattern: String,
        folds: bool,
    },
    Folder,
    /// Something that is no folder.
    File,
    Empty,
    Prune,
    Delete,
    Exec(Vec<Text>),
    Print,
    True,
    Unknown,
}

/// Whether a test holds.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Yes,
    No,
    Maybe,
}

pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    if call.name.starts_with("fd") {
        return fd(walker, call);
    }
    let args: Vec<&Text> =
        call.args.iter().skip_while(|arg| matches!(arg.head(), "-L" | "-H" | "-P")).collect();
    let starts = args.iter().take_while(|arg| !arg.head().starts_with(['-', '(', '!', ')'])).count();
    let mut roots: Vec<Text> = args[..starts].iter().map(|arg| (*arg).clone()).collect();
    if roots.is_empty() {
        roots.push(Text::known("."));
    }
    let mut parser =
        Parser { args: &args[starts..], at: 0, deepest: usize::MAX, shallowest: 0, files: Vec::new() };
    let test = parser.or(0);
    let Parser { deepest, shallowest, files, .. } = parser;
    files.iter().for_each(|file| walker.write(file, Reach::File));
    let mut search = Search { test, deepest, shallowest, found: Vec::new(), given_up: Vec::new() };
    for root in &roots {
        match root.as_known() {
            Some(root) => search.walk(walker, root),
            None => {
                search.given_up.extend(root.names());
                let names = walker.names_below(root);
                search.act(walker, &names);
            }
        }
    }
    let mut output = Text::default();
    if !search.given_up.is_empty() {
        output.push_gap(search.given_up);
        output.push("\n");
    }
    for path in search.found {
        output.push(&path);
        output.push("\n");
    }
    output
}

struct Parser<'p> {
    args: &'p [&'p Text],
    at: usize,
    deepest: usize,
    shallowest: usize,
    /// Files that the expression writes by itself.
    files: Vec<Text>,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Text> {
        let arg = self.args.get(self.at)?;
        self.at += 1;
        Some((*arg).clone())
    }

    fn peek(&self) -> &str {
        self.args.get(self.at).map_or("", |arg| arg.head())
    }

    fn or(&mut self, depth: usize) -> Test {
        let mut any = vec![self.and(depth)];
        while matches!(self.peek(), "-o" | "-or" | ",") {
            self.at += 1;
            any.push(self.and(depth));
        }
        Test::Or(any)
    }

    fn and(&mut self, depth: usize) -> Test {
        let mut all = Vec::new();
        while self.at < self.args.len() && !matches!(self.peek(), "-o" | "-or" | "," | ")") {
            if matches!(self.peek(), "-a" | "-and") {
                self.at += 1;
                continue;
            }
            all.push(self.one(depth));
        }
        Test::And(all)
    }

    fn one(&mut self, depth: usize) -> Test {
        let Some(arg) = self.next() else { return Test::True };
        let pattern = |value: Option<Text>| value.and_then(|v| v.as_known().map(str::to_owned));
        match arg.head() {
            _ if depth > DEEPEST => Test::Unknown,
            "!" | "-not" => Test::Not(Box::new(self.one(depth + 1))),
            "(" => {
                let test = self.or(depth + 1);
                self.at += 1;
                test
            }
            name @ ("-name" | "-iname") => match pattern(self.next()) {
                Some(pattern) => Test::Name { pattern, folds: name == "-iname" },
                None => Test::Unknown,
            },
            name @ ("-path" | "-wholename" | "-ipath" | "-iwholename") => match pattern(self.next()) {
                Some(pattern) => Test::Path { pattern, folds: name.starts_with("-i") },
                None => Test::Unknown,
            },
            "-type" => match self.next().and_then(|t| t.as_known().map(str::to_owned)).as_deref() {
                Some("d") => Test::Folder,
                Some("f") => Test::File,
                _ => Test::Unknown,
            },
            "-maxdepth" => {
                self.deepest = pattern(self.next()).and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
                Test::True
            }
            "-mindepth" => {
                self.shallowest = pattern(self.next()).and_then(|n| n.parse().ok()).unwrap_or(0);
                Test::True
            }
            "-prune" => Test::Prune,
            "-delete" => Test::Delete,
            "-print" | "-print0" | "-ls" => Test::Print,
            "-true" | "-depth" | "-d" | "-mount" | "-xdev" | "-follow" | "-daystart" => Test::True,
            "-exec" | "-execdir" | "-ok" | "-okdir" => {
                let mut words = Vec::new();
                while let Some(word) = self.next() {
                    if word.as_known() == Some(";") || (word.as_known() == Some("+") && !words.is_empty()) {
                        break;
                    }
                    words.push(word);
                }
                Test::Exec(words)
            }
            "-fprint" | "-fprint0" | "-fls" | "-fprintf" => {
                let file = self.next();
                self.files.extend(file);
                if arg.head() == "-fprintf" {
                    self.at += 1;
                }
                Test::Print
            }
            "-printf" => {
                self.at += 1;
                Test::Print
            }
            "-empty" => Test::Empty,
            "-executable" | "-readable" | "-writable" | "-nouser" | "-nogroup" => Test::Unknown,
            // All other tests take one value.
            _ => {
                self.at += 1;
                Test::Unknown
            }
        }
    }
}

struct Search {
    test: Test,
    deepest: usize,
    shallowest: usize,
    found: Vec<String>,
    /// Folders that were not looked into.
    given_up: Vec<String>,
}

impl Search {
    fn walk(&mut self, walker: &mut Walker<'_>, root: &str) {
        for folder in walker.state.folders.clone() {
            let Some(folder) = folder else {
                self.given_up.push(root.to_owned());
                continue;
            };
            let mut queue = vec![(root.to_owned(), 0)];
            let mut beyond = Vec::new();
            let mut at = 0;
            while let Some((path, depth)) = queue.get(at).cloned() {
                at += 1;
                let names = match at < MOST {
                    true => walker.names_in(&folder.join(&path)),
                    false => None,
                };
                let Some(names) = names else {
                    // Too much to look at: what was not seen yet may be meant.
                    beyond.push(path);
                    continue;
                };
                let is_folder = match names.is_empty() {
                    false => Holds::Yes,
                    // A name with a dot and nothing in it is taken for a file.
                    true if path.rsplit('/').next().is_some_and(|name| {
                        !name.trim_start_matches('.').is_empty() && name.contains('.')
                    }) =>
                    {
                        Holds::No
                    }
                    true => Holds::Maybe,
                };
                let mut pruned = false;
                if depth >= self.shallowest {
                    let test = std::mem::replace(&mut self.test, Test::True);
                    let mut acted = false;
                    let holds =
                        self.try_one(walker, &test, &path, is_folder, &mut pruned, &mut acted, Holds::Yes);
                    self.test = test;
                    if holds != Holds::No && !acted {
                        self.found.push(path.clone());
                    }
                }
                let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                if pruned || depth >= self.deepest || (depth > 0 && MADE.contains(&last)) {
                    continue;
                }
                for name in names {
                    let below = if path == "." { format!("./{name}") } else { join(&path, &name) };
                    queue.push((below, depth + 1));
                }
            }
            if !beyond.is_empty() {
                // On the way down to where the script is, everything here is meant as well.
                let mut names = Vec::new();
                if beyond.iter().any(|path| folder.starts_with(lexical(&folder.join(path)))) {
                    names = walker.names_below(&Text::known("."));
                }
                names.extend(beyond.into_iter().take(MOST_NAMED));
                self.act(walker, &names);
                self.given_up.extend(names);
            }
        }
        self.found.truncate(MOST);
    }

    /// The actions of the expression on what `names` name, whatever its tests say.
    fn act(&mut self, walker: &mut Walker<'_>, names: &[String]) {
        fn actions<'t>(test: &'t Test, found: &mut Vec<&'t Test>) {
            match test {
                Test::And(tests) | Test::Or(tests) => tests.iter().for_each(|test| actions(test, found)),
                Test::Not(test) => actions(test, found),
                Test::Delete | Test::Exec(_) => found.push(test),
                _ => {}
            }
        }
        let mut found = Vec::new();
        actions(&self.test, &mut found);
        if !found.is_empty() {
            walker.doubt_here("more files than can be looked at", names);
        }
    }

    #[allow(clippy::too_many_arguments)] // One round of one evaluation.
    fn try_one(
        &self,
        walker: &mut Walker<'_>,
        test: &Test,
        path: &str,
        is_folder: Holds,
        pruned: &mut bool,
        acted: &mut bool,
        so_far: Holds,
    ) -> Holds {
        let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let certain = |holds: bool| if holds { Holds::Yes } else { Holds::No };
        let fits = |pattern: &str, text: &str, folds: bool| match folds {
            true => globs::matches(&pattern.to_lowercase(), &text.to_lowercase()),
            false => globs::matches(pattern, text),
        };
        match test {
            Test::And(tests) => {
                let mut all = Holds::Yes;
                for test in tests {
                    let reached = if all == Holds::Maybe { Holds::Maybe } else { so_far };
                    match self.try_one(walker, test, path, is_folder, pruned, acted, reached) {
                        Holds::No => return Holds::No,
                        Holds::Maybe => all = Holds::Maybe,
                        Holds::Yes => {}
                    }
                }
                all
            }
            Test::Or(tests) => {
                let mut any = Holds::No;
                for test in tests {
                    let reached = if any == Holds::Maybe { Holds::Maybe } else { so_far };
                    match self.try_one(walker, test, path, is_folder, pruned, acted, reached) {
                        Holds::Yes => return Holds::Yes,
                        Holds::Maybe => any = Holds::Maybe,
                        Holds::No => {}
                    }
                }
                any
            }
            Test::Not(test) => match self.try_one(walker, test, path, is_folder, pruned, acted, so_far) {
                Holds::Yes => Holds::No,
                Holds::No => Holds::Yes,
                Holds::Maybe => Holds::Maybe,
            },
            Test::Name { pattern, folds } => certain(fits(pattern, last, *folds)),
            Test::Path { pattern, folds } => certain(fits(pattern, path, *folds)),
            Test::Folder => is_folder,
            Test::File => match is_folder {
                Holds::Yes => Holds::No,
                Holds::No => Holds::Yes,
                Holds::Maybe => Holds::Maybe,
            },
            // What has names in it is not empty.
            Test::Empty if is_folder == Holds::Yes => Holds::No,
            Test::Empty => Holds::Maybe,
            Test::Prune => {
                *pruned |= so_far == Holds::Yes;
                Holds::Yes
            }
            Test::Delete => {
                *acted = true;
                walker.write(&Text::known(path), Reach::File);
                Holds::Yes
            }
            Test::Exec(words) => {
                *acted = true;
                let words: Vec<Text> = words.iter().map(|word| placed(word, "{}", path)).collect();
                walker.apart(|walker| walker.call(&words, None));
                Holds::Maybe
            }
            Test::Print | Test::True => Holds::Yes,
            Test::Unknown => Holds::Maybe,
        }
    }
}

/// `word` with every `mark` replaced by `path`.
pub(super) fn placed(word: &Text, mark: &str, path: &str) -> Text {
    Text::known(&word.gapped().replace(mark, path))
}

fn fd(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let exec = call.args.iter().position(|arg| matches!(arg.head(), "-x" | "-X" | "--exec" | "--exec-batch"));
    let (search, command) = call.args.split_at(exec.unwrap_or(call.args.len()));
    let words =
        options(search, &["e", "extension", "t", "type", "E", "exclude", "d", "max-depth", "base-directory"]);
    let roots: Vec<Text> = match words.operands.len() {
        0 | 1 => vec![Text::known(".")],
        _ => words.operands[1..].to_vec(),
    };
    let excluded = words.values(&["E", "exclude"]);
    let hidden = words.has(&["H", "hidden", "u", "unrestricted"]);
    let endings = words.values(&["e", "extension"]);
    let names: Vec<String> = match endings.is_empty() || endings.iter().any(|e| e.as_known().is_none()) {
        true => roots.iter().flat_map(|root| walker.names_below(root)).collect(),
        false => {
            let found =
                run(walker, &Call { name: "find", args: &ending(&roots, &endings, hidden), input: None });
            let plain = |name: String| name.strip_prefix("./").map_or(name.clone(), str::to_owned);
            found.lines().iter().flat_map(Text::names).map(plain).collect()
        }
    };
    if names.is_empty() {
        return Text::default();
    }
    let names: Vec<String> = (names.into_iter())
        .filter(|name| !excluded.iter().any(|e| e.as_known() == Some(name)))
        .filter(|name| hidden || roots.len() != 1 || !name.starts_with('.'))
        .collect();
    let output = Text::naming(names);
    if let Some((_, command)) = command.split_first() {
        let mut words: Vec<Text> = command.to_vec();
        words.push(output.clone());
        walker.apart(|walker| walker.call(&words, None));
    }
    output
}

/// The words of `find` for files below `roots` whose names end like this.
fn ending(roots: &[Text], endings: &[Text], hidden: bool) -> Vec<Text> {
    let mut args = roots.to_vec();
    if !hidden {
        args.extend(["-not", "-path", "*/.*"].map(Text::known));
    }
    args.push(Text::known("("));
    for (i, ending) in endings.iter().enumerate() {
        if i > 0 {
            args.push(Text::known("-o"));
        }
        args.push(Text::known("-name"));
        args.push(Text::known(&format!("*.{}", ending.filled().trim_start_matches('.'))));
    }
    args.push(Text::known(")"));
    args
}
