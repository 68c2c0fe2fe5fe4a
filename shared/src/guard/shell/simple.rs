//! Commands of words: assignments, redirections, functions, programs.

use brush_parser::ast;

use super::commands;
use super::redirects::Redirected;
use super::state::{State, Variable};
use super::text::Text;
use super::walk::{Call, DEEPEST, MOST_STEPS, Walker};
use super::words::one_of;

/// Most ways that one command's words are followed through.
const MOST_WAYS: usize = 32;

impl Walker<'_> {
    pub(super) fn simple(&mut self, simple: &ast::SimpleCommand, piped: Option<Text>) -> Text {
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
        let name = known.rsplit('/').next().unwrap_or(known);
        let bodies = self.state.functions.get(known).cloned().unwrap_or_else(|| vec![None]);
        self.exhausted |= bodies.is_empty();
        let mut output = Text::default();
        for body in bodies {
            output = match body {
                Some(function) => self.function(&function.body, args, input),
                None => commands::run(self, &Call { name, args, input }),
            };
        }
        output
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
