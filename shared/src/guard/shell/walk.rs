//! The walk over a script, as bash would run it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

use brush_parser::ast;

use super::commands;
use super::parse;
use super::redirects::Redirected;
use super::state::{State, Variable};
use super::text::{Text, fragments};
use super::words::one_of;
use super::{Doubt, Setting, View, Write};

/// Most commands that are followed.
const MOST_STEPS: usize = 8192;
/// Most bytes of words that are followed.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Deepest scripts within scripts and functions within functions.
const DEEPEST: usize = 12;
/// Most words that a loop is followed through one by one.
const MOST_ROUNDS: usize = 512;
/// Most ways that one command's words are followed through.
const MOST_WAYS: usize = 32;

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
    depth: usize,
    steps: usize,
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

    fn deeper(&mut self, run: impl FnOnce(&mut Self) -> Text) -> Text {
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
    fn either(&mut self, one: impl FnOnce(&mut Self) -> Text, other: impl FnOnce(&mut Self) -> Text) -> Text {
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

    fn command(&mut self, command: &ast::Command, input: Option<Text>) -> Text {
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
                    self.state.functions.insert(name.to_owned(), Rc::new(function.body.clone()));
                }
                Text::default()
            }
            ast::Command::ExtendedTest(test, redirects) => self.around(redirects.as_ref(), input, |walker| {
                walker.test(&test.expr, 0);
                Text::default()
            }),
        }
    }

    /// Runs a compound command with its redirections around it.
    fn around(
        &mut self,
        redirects: Option<&ast::RedirectList>,
        input: Option<Text>,
        run: impl FnOnce(&mut Self) -> Text,
    ) -> Text {
        let mut so_far = Redirected::default();
        for redirect in redirects.into_iter().flat_map(|list| &list.0) {
            self.redirect(redirect, &mut so_far);
        }
        let input = so_far.input.or(input).or_else(|| self.state.input.clone());
        let before = std::mem::replace(&mut self.state.input, input);
        let output = self.deeper(run);
        self.state.input = before;
        if so_far.output { Text::default() } else { output }
    }

    fn compound(&mut self, compound: &ast::CompoundCommand) -> Text {
        use ast::CompoundCommand as Compound;
        match compound {
            Compound::Arithmetic(sum) => {
                self.inner(&sum.expr.value, true);
                // The parser takes `( (rm x) )` for a sum as well.
                if parse::program(&sum.expr.value).is_ok() {
                    self.apart(|walker| walker.script(&Text::known(&sum.expr.value)));
                }
                Text::default()
            }
            Compound::BraceGroup(group) => self.list(&group.list),
            Compound::Subshell(shell) => self.apart(|walker| walker.list(&shell.list)),
            Compound::ForClause(clause) => self.for_each(clause),
            Compound::ArithmeticForClause(clause) => {
                self.either(|walker| walker.list(&clause.body.list), |_| Text::default())
            }
            Compound::CaseClause(clause) => {
                self.values(&clause.value.value);
                let before = self.state.clone();
                let mut after = before.clone();
                let mut outputs = Vec::new();
                for case in &clause.cases {
                    self.state = before.clone();
                    case.patterns.iter().for_each(|pattern| drop(self.values(&pattern.value)));
                    outputs.push(case.cmd.as_ref().map(|list| self.list(list)).unwrap_or_default());
                    after = after.joined(std::mem::take(&mut self.state));
                }
                self.state = after;
                one_of(outputs)
            }
            Compound::IfClause(clause) => self.if_clause(clause),
            Compound::WhileClause(ast::WhileOrUntilClauseCommand(condition, body, _))
            | Compound::UntilClause(ast::WhileOrUntilClauseCommand(condition, body, _)) => {
                let mut output = self.list(condition);
                let more = self.either(
                    |walker| {
                        let mut output = walker.list(&body.list);
                        // Once more, for what the first round left behind.
                        output.append(&walker.list(condition));
                        output.append(&walker.list(&body.list));
                        output
                    },
                    |_| Text::default(),
                );
                output.append(&more);
                output
            }
            Compound::Coprocess(clause) => self.apart(|walker| walker.command(&clause.body, None)),
        }
    }

    fn if_clause(&mut self, clause: &ast::IfClauseCommand) -> Text {
        let output = self.list(&clause.condition);
        let before = self.state.clone();
        let mut outputs = vec![self.list(&clause.then)];
        let mut after = std::mem::replace(&mut self.state, before);
        let mut complete = false;
        for other in clause.elses.iter().flatten() {
            if let Some(condition) = &other.condition {
                self.list(condition);
            } else {
                complete = true;
            }
            let before = self.state.clone();
            outputs.push(self.list(&other.body));
            after = after.joined(std::mem::replace(&mut self.state, before));
        }
        if !complete {
            let before = std::mem::take(&mut self.state);
            after = after.joined(before);
        }
        self.state = after;
        let mut all = output;
        all.append(&one_of(outputs));
        all
    }

    fn for_each(&mut self, clause: &ast::ForClauseCommand) -> Text {
        let values: Vec<Text> = match &clause.values {
            Some(words) => words.iter().flat_map(|word| self.words(&word.value)).flatten().collect(),
            None => self.state.arguments.clone().unwrap_or_default(),
        };
        let values = match values.len() <= MOST_ROUNDS {
            true => values,
            false => vec![Text::naming(values.iter().flat_map(Text::names).take(4096).collect())],
        };
        let mut output = Text::default();
        let before = self.state.clone();
        for value in values {
            if self.exhausted || self.state.over {
                break;
            }
            self.state.set(&clause.variable_name, value);
            output.append(&self.list(&clause.body.list));
        }
        if self.state.over {
            // A `break` or `continue` may have come before the end.
            self.state = before;
        }
        output
    }

    fn test(&mut self, test: &ast::ExtendedTestExpr, depth: usize) {
        use ast::ExtendedTestExpr as Test;
        if depth > 100 {
            return;
        }
        match test {
            Test::And(a, b) | Test::Or(a, b) => {
                self.test(a, depth + 1);
                self.test(b, depth + 1);
            }
            Test::Not(a) | Test::Parenthesized(a) => self.test(a, depth + 1),
            Test::UnaryTest(_, word) => drop(self.values(&word.value)),
            Test::BinaryTest(_, a, b) => {
                self.values(&a.value);
                self.values(&b.value);
            }
        }
    }

    fn simple(&mut self, simple: &ast::SimpleCommand, piped: Option<Text>) -> Text {
        use ast::CommandPrefixOrSuffixItem as Item;
        let mut so_far = Redirected::default();
        let mut assigned: Vec<(String, Option<Variable>)> = Vec::new();
        let mut ways: Vec<Vec<Text>> = vec![Vec::new()];
        self.substitution = None;
        for item in simple.prefix.iter().flat_map(|prefix| &prefix.0) {
            match item {
                Item::AssignmentWord(assignment, _) => {
                    if let Some(name) = self.assign(assignment)
                        && simple.word_or_name.is_some()
                    {
                        assigned.push(name);
                    }
                }
                Item::IoRedirect(redirect) => self.redirect(redirect, &mut so_far),
                Item::Word(word) => self.add_word(&mut ways, &word.value),
                Item::ProcessSubstitution(kind, list) => self.add_process(&mut ways, kind, list),
            }
        }
        if let Some(name) = &simple.word_or_name {
            self.add_word(&mut ways, &name.value);
        }
        for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
            match item {
                Item::AssignmentWord(assignment, word) => match &assignment.value {
                    ast::AssignmentValue::Array(_) => drop(self.assign(assignment)),
                    ast::AssignmentValue::Scalar(_) => self.add_word(&mut ways, &word.value),
                },
                Item::IoRedirect(redirect) => self.redirect(redirect, &mut so_far),
                Item::Word(word) => self.add_word(&mut ways, &word.value),
                Item::ProcessSubstitution(kind, list) => self.add_process(&mut ways, kind, list),
            }
        }
        let input = so_far.input.or(piped).or_else(|| self.state.input.clone());
        let output = self.in_every_way(ways, input.as_ref());
        for (name, before) in assigned.into_iter().rev() {
            match before {
                Some(value) => drop(self.state.variables.insert(name, value)),
                None => drop(self.state.variables.remove(&name)),
            }
        }
        if so_far.output { Text::default() } else { output }
    }

    fn in_every_way(&mut self, mut ways: Vec<Vec<Text>>, input: Option<&Text>) -> Text {
        if ways.len() == 1 {
            return self.call(&ways.remove(0), input);
        }
        let before = self.state.clone();
        let mut after: Option<State> = None;
        let mut outputs = Vec::new();
        for way in ways {
            self.state = before.clone();
            outputs.push(self.call(&way, input));
            let here = std::mem::take(&mut self.state);
            after = Some(match after {
                Some(after) => after.joined(here),
                None => here,
            });
        }
        self.state = after.unwrap_or(before);
        one_of(outputs)
    }

    /// Runs a command given by its words.
    pub(super) fn call(&mut self, words: &[Text], input: Option<&Text>) -> Text {
        self.steps += 1;
        self.exhausted |= self.steps > MOST_STEPS;
        let Some((name, args)) = words.split_first() else { return Text::default() };
        if self.exhausted {
            return Text::gap();
        }
        let Some(known) = name.as_known() else {
            let names: Vec<String> = words.iter().flat_map(Text::names).collect();
            self.doubt_here("a command that is not known", &names);
            return Text::gap();
        };
        if let Some(alias) = self.state.aliases.get(known).cloned()
            && self.depth < DEEPEST
        {
            let mut words = alias.words();
            words.extend(args.iter().cloned());
            self.state.aliases.remove(known);
            let output = self.deeper(|walker| walker.call(&words, input));
            self.state.aliases.insert(known.to_owned(), alias);
            return output;
        }
        if let Some(body) = self.state.functions.get(known).cloned() {
            return self.function(&body, args, input);
        }
        let name = known.rsplit('/').next().unwrap_or(known);
        commands::run(self, &Call { name, args, input })
    }

    fn function(&mut self, body: &ast::FunctionBody, args: &[Text], input: Option<&Text>) -> Text {
        if self.depth >= DEEPEST {
            return Text::gap();
        }
        let before = self.state.arguments.replace(args.to_vec());
        self.functions += 1;
        let ast::FunctionBody(compound, redirects) = body;
        let output = self.around(redirects.as_ref(), input.cloned(), |walker| walker.compound(compound));
        self.functions -= 1;
        self.state.arguments = before;
        // A `return` ends the function alone; an `exit` is rare enough to be taken for one.
        self.state.over = false;
        output
    }

    fn add_word(&mut self, ways: &mut Vec<Vec<Text>>, raw: &str) {
        let mut more = self.words(raw);
        if ways.len() * more.len() > MOST_WAYS {
            more = vec![vec![Text::naming(more.iter().flatten().flat_map(Text::names).take(1024).collect())]];
        }
        if let ([way], [only]) = (&mut ways[..], &mut more[..]) {
            way.append(only);
            return;
        }
        let before = std::mem::take(ways);
        for way in &before {
            ways.extend(more.iter().map(|fields| way.iter().chain(fields).cloned().collect::<Vec<_>>()));
        }
    }

    fn add_process(
        &mut self,
        ways: &mut [Vec<Text>],
        kind: &ast::ProcessSubstitutionKind,
        list: &ast::SubshellCommand,
    ) {
        let output = self.apart(|walker| walker.list(&list.list));
        if matches!(kind, ast::ProcessSubstitutionKind::Read) {
            self.substitution = Some(output);
        }
        ways.iter_mut().for_each(|way| way.push(Text::known("/dev/fd/63")));
    }

    /// Assigns a variable; yields its name and what it was before.
    fn assign(&mut self, assignment: &ast::Assignment) -> Option<(String, Option<Variable>)> {
        let (name, whole) = match &assignment.name {
            ast::AssignmentName::VariableName(name) => (name, true),
            ast::AssignmentName::ArrayElementName(name, _) => (name, false),
        };
        let before = self.state.variables.get(name).cloned();
        let value = match &assignment.value {
            ast::AssignmentValue::Scalar(word) => Variable::One(self.values(&word.value)),
            ast::AssignmentValue::Array(items) => Variable::List(
                items.iter().flat_map(|(_, word)| self.words(&word.value)).flatten().take(4096).collect(),
            ),
        };
        let value = match (assignment.append || !whole, before.clone(), value) {
            (false, _, value) => value,
            (true, None, value) if whole => value,
            (true, Some(Variable::One(old)), Variable::One(new)) if whole => {
                let mut values = Vec::new();
                for (old, new) in old.iter().flat_map(|old| new.iter().map(move |new| (old, new))) {
                    let mut value = old.clone();
                    value.append(new);
                    values.push(value);
                }
                Variable::One(super::state::bounded(values))
            }
            (true, old, new) => {
                let items = |variable: Option<Variable>| match variable {
                    Some(Variable::One(values) | Variable::List(values)) => values,
                    None => Vec::new(),
                };
                Variable::List(items(old).into_iter().chain(items(Some(new))).take(4096).collect())
            }
        };
        self.state.variables.insert(name.clone(), value);
        Some((name.clone(), before))
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
