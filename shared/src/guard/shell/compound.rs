//! Commands made of commands: loops, branches, groups.

use brush_parser::ast;

use super::parse;
use super::redirects::Redirected;
use super::text::Text;
use super::walk::Walker;
use super::words::one_of;

/// Most words that a loop is followed through one by one.
const MOST_ROUNDS: usize = 512;

impl Walker<'_> {
    /// Runs a compound command with its redirections around it.
    pub(super) fn around(
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

    pub(super) fn compound(&mut self, compound: &ast::CompoundCommand) -> Text {
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

    pub(super) fn test(&mut self, test: &ast::ExtendedTestExpr, depth: usize) {
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
}
