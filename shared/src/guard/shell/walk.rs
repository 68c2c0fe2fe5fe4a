//! The walk over a script, as bash would run it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

use brush_parser::ast;

use super::parse;
use super::state::{Function, State};
use super::text::{Text, fragments};
use super::words::one_of;
use super::{Doubt, Setting, View, Write};

/// Most commands that are followed.
pub(super) const MOST_STEPS: usize = 8192;
/// Most bytes of words that are followed.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// What it costs to remember a name once more, in bytes.
const COPIED: usize = 64;
/// Deepest scripts within scripts and functions within functions.
pub(super) const DEEPEST: usize = 12;

/// The file that stands for a process substitution.
pub(super) const SUBSTITUTED: &str = "/dev/fd/63";

/// The walk: what is known at this point, and what was found so far.
pub(super) struct Walker<'a> {
    pub(super) setting: &'a Setting<'a>,
    pub(super) view: &'a dyn View,
    pub(super) state: State,
    pub(super) writes: BTreeSet<Write>,
    pub(super) doubts: Vec<Doubt>,
    pub(super) aitk: Vec<Vec<String>>,
    /// Links that the script made: where, and where they lead.
    pub(super) links: Vec<(PathBuf, PathBuf)>,
    /// Output of the last process substitution among a command's words.
    pub(super) substitution: Option<Text>,
    /// Whether a `cd` led to a folder that is not there, so that it may have stayed.
    pub(super) lost: bool,
    /// Folders that the script makes under names of their own.
    pub(super) made: Vec<PathBuf>,
    /// Functions within functions at this point.
    pub(super) functions: usize,
    /// Whether there was more than can be followed.
    pub(super) exhausted: bool,
    /// Folders listed so far.
    pub(super) listed: usize,
    /// Words within words at this point.
    pub(super) nested: usize,
    pub(super) depth: usize,
    pub(super) steps: usize,
    bytes: usize,
}

/// A command with its words.
pub(super) struct Call<'c> {
    /// Its name, without the folder.
    pub(super) name: &'c str,
    /// The words after the name.
    pub(super) args: &'c [Text],
    /// Its standard input, where that is known to be something.
    pub(super) input: Option<&'c Text>,
}

impl<'a> Walker<'a> {
    pub(super) fn new(setting: &'a Setting<'a>, view: &'a dyn View) -> Self {
        let state = State {
            folders: vec![Some(setting.cwd.to_owned())],
            arguments: Some(Vec::new()),
            ..State::default()
        };
        Walker {
            setting,
            view,
            state,
            writes: BTreeSet::new(),
            doubts: Vec::new(),
            aitk: Vec::new(),
            links: Vec::new(),
            substitution: None,
            lost: false,
            made: Vec::new(),
            functions: 0,
            exhausted: false,
            listed: 0,
            nested: 0,
            depth: 0,
            steps: 0,
            bytes: 0,
        }
    }

    /// Counts work against the bounds.
    pub(super) fn spend(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.exhausted |= self.bytes > MOST_BYTES;
    }

    /// Runs `script` here and yields its output.
    pub(super) fn script(&mut self, script: &Text) -> Text {
        let text = script.gapped();
        self.spend(text.len());
        if self.depth >= DEEPEST || self.exhausted {
            self.exhausted = true;
            return Text::gap();
        }
        if text.trim().is_empty() {
            return Text::default();
        }
        match parse::program(&text) {
            Ok(program) => self.deeper(|walker| {
                let mut output = Text::default();
                for list in &program.complete_commands {
                    output.append(&walker.list(list));
                }
                output
            }),
            Err(why) => {
                self.doubt_here(why, &fragments(&text));
                Text::gap()
            }
        }
    }

    /// The output of a command substitution.
    pub(super) fn substituted(&mut self, script: &str) -> Text {
        // `$(<file)` reads.
        self.apart(|walker| walker.script(&Text::known(script))).trimmed()
    }

    pub(super) fn deeper(&mut self, run: impl FnOnce(&mut Self) -> Text) -> Text {
        self.depth += 1;
        let output = run(self);
        self.depth -= 1;
        output
    }

    /// Runs something in a subshell: what it changes about the shell is forgotten.
    pub(super) fn apart(&mut self, run: impl FnOnce(&mut Self) -> Text) -> Text {
        let before = self.state.clone();
        let output = run(self);
        self.state = before;
        output
    }

    /// Runs `one` or `other`; both ways stay open.
    pub(super) fn either(
        &mut self,
        one: impl FnOnce(&mut Self) -> Text,
        other: impl FnOnce(&mut Self) -> Text,
    ) -> Text {
        let before = self.state.clone();
        let first = one(self);
        let after_one = std::mem::replace(&mut self.state, before);
        let second = other(self);
        let after_other = std::mem::take(&mut self.state);
        self.state = after_one.joined(after_other);
        one_of(vec![first, second])
    }

    pub(super) fn list(&mut self, list: &ast::CompoundList) -> Text {
        let mut output = Text::default();
        for ast::CompoundListItem(and_or, separator) in &list.0 {
            if self.state.over {
                break;
            }
            let text = match separator {
                ast::SeparatorOperator::Async => self.apart(|walker| walker.and_or(and_or)),
                ast::SeparatorOperator::Sequence => self.and_or(and_or),
            };
            output.append(&text);
        }
        output
    }

    fn and_or(&mut self, list: &ast::AndOrList) -> Text {
        // Where the shell is when what ran last has failed.
        self.spend(COPIED * (self.state.variables.len() + self.state.functions.len()));
        if self.exhausted {
            return Text::gap();
        }
        let mut failed = self.state.clone();
        let start = failed.clone();
        let lost = std::mem::take(&mut self.lost);
        let mut output = self.pipeline(&list.first);
        let mut certain = succeeds(&list.first);
        for next in &list.additional {
            match next {
                ast::AndOr::And(pipeline) => {
                    let before = self.state.clone();
                    output.append(&self.pipeline(pipeline));
                    if !certain {
                        // It may not have come to this one.
                        failed = failed.joined(before.clone());
                    } else {
                        failed = before;
                    }
                    certain &= succeeds(pipeline);
                }
                ast::AndOr::Or(pipeline) => {
                    let passed = std::mem::replace(&mut self.state, failed.clone());
                    output.append(&self.pipeline(pipeline));
                    let other = std::mem::take(&mut self.state);
                    self.state = passed.joined(other);
                    certain = succeeds(pipeline);
                    failed = self.state.clone();
                }
            }
        }
        // What came last may not have run: `a && cd b; c`, `a && exit; c`.
        let conditional = list.additional.iter().any(|next| matches!(next, ast::AndOr::And(_)));
        let lost = std::mem::replace(&mut self.lost, lost);
        if (conditional && (!certain || self.state.over)) || lost {
            let here = std::mem::take(&mut self.state);
            self.state = here.joined(if lost { start } else { failed });
        }
        output
    }

    fn pipeline(&mut self, pipeline: &ast::Pipeline) -> Text {
        match &pipeline.seq[..] {
            [] => Text::default(),
            [only] => self.command(only, None),
            stages => {
                let mut input: Option<Text> = None;
                for stage in stages {
                    let fed = input.take();
                    input = Some(self.apart(|walker| walker.command(stage, fed)));
                }
                input.unwrap_or_default()
            }
        }
    }

    pub(super) fn command(&mut self, command: &ast::Command, input: Option<Text>) -> Text {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            self.exhausted = true;
        }
        if self.exhausted || self.state.over {
            return Text::gap();
        }
        match command {
            ast::Command::Simple(simple) => self.simple(simple, input),
            ast::Command::Compound(compound, redirects) => {
                self.around(redirects.as_ref(), input, |walker| walker.compound(compound))
            }
            ast::Command::Function(function) => {
                let name = self.values(&function.fname.value);
                if let Some(name) = name.first().and_then(Text::as_known) {
                    let function = Function::new(function.body.clone());
                    self.spend(function.len());
                    self.state.functions.insert(name.to_owned(), vec![Some(Rc::new(function))]);
                }
                Text::default()
            }
            ast::Command::ExtendedTest(test, redirects) => self.around(redirects.as_ref(), input, |walker| {
                walker.test(&test.expr, 0);
                Text::default()
            }),
        }
    }
}

/// Whether a pipeline may be taken to succeed: then what `&&` leads to does run.
fn succeeds(pipeline: &ast::Pipeline) -> bool {
    let [ast::Command::Simple(simple)] = &pipeline.seq[..] else { return false };
    let Some(name) = &simple.word_or_name else { return !pipeline.bang };
    !pipeline.bang
        && matches!(
            &*name.value,
            "cd" | "pushd"
                | "popd"
                | "echo"
                | "printf"
                | "mkdir"
                | "true"
                | ":"
                | "set"
                | "export"
                | "declare"
                | "local"
                | "readonly"
                | "shopt"
                | "source"
                | "."
                | "unset"
                | "pwd"
                | "umask"
                | "alias"
                | "read"
        )
}
