//! What a shell remembers from one command to the next, with every value it may have.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use brush_parser::ast::FunctionBody;

use super::text::Text;

/// Most values that one variable is followed through.
pub(super) const MOST_VALUES: usize = 32;
/// Most folders that a script may be in at one point.
const MOST_FOLDERS: usize = 8;

/// Most bodies that one function is followed through.
const MOST_BODIES: usize = 8;

/// A function: its body, and the same as text, by which two are told apart.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) body: FunctionBody,
    text: String,
}

impl Function {
    pub(super) fn new(body: FunctionBody) -> Self {
        Function { text: body.to_string(), body }
    }

    /// How long its text is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// A variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Variable {
    /// One text, of these possible ones.
    One(Vec<Text>),
    /// A list of texts.
    List(Vec<Text>),
}

/// The folders that a script may be in; `None` is one that is not known.
pub(super) type Folders = Vec<Option<PathBuf>>;

/// What a shell remembers.
#[derive(Clone, Default, Debug)]
pub(super) struct State {
    pub(super) folders: Folders,
    /// Where `cd -` leads.
    pub(super) before: Folders,
    /// Where `popd` leads.
    pub(super) stack: Vec<Folders>,
    pub(super) variables: BTreeMap<String, Variable>,
    /// What each name may stand for; `None` is no function. An empty list is too many to follow.
    pub(super) functions: BTreeMap<String, Vec<Option<Rc<Function>>>>,
    pub(super) aliases: BTreeMap<String, Text>,
    /// `$0`; `None` where it is not known.
    pub(super) name: Option<Text>,
    /// `$1` and the following; `None` when they are not known.
    pub(super) arguments: Option<Vec<Text>>,
    /// Standard input of the compound command around.
    pub(super) input: Option<Text>,
    /// Whether the shell has ended: what follows does not run.
    pub(super) over: bool,
    /// Whether `*` matches names that start with a dot.
    pub(super) dot_files: bool,
}

impl State {
    /// Sets a variable to one text.
    pub(super) fn set(&mut self, name: &str, value: Text) {
        self.variables.insert(name.to_owned(), Variable::One(vec![value]));
    }

    /// The state after one of two ways.
    pub(super) fn joined(self, other: State) -> State {
        match (self.over, other.over) {
            (true, false) => return other,
            (false, true) => return self,
            _ => {}
        }
        let mut out = self;
        for folder in other.folders {
            if !out.folders.contains(&folder) {
                out.folders.push(folder);
            }
        }
        if out.folders.len() > MOST_FOLDERS {
            out.folders = vec![None];
        }
        for (name, value) in other.variables {
            let joined = match out.variables.remove(&name) {
                Some(mine) => join_values(mine, value),
                None => value,
            };
            out.variables.insert(name, joined);
        }
        for (name, bodies) in &mut out.functions {
            let theirs = other.functions.get(name).cloned().unwrap_or_else(|| vec![None]);
            join_functions(bodies, theirs);
        }
        for (name, mut bodies) in other.functions {
            out.functions.entry(name).or_insert_with(|| {
                join_functions(&mut bodies, vec![None]);
                bodies
            });
        }
        out.aliases.extend(other.aliases);
        out.dot_files |= other.dot_files;
        out
    }
}

fn join_functions(mine: &mut Vec<Option<Rc<Function>>>, theirs: Vec<Option<Rc<Function>>>) {
    if mine.is_empty() || theirs.is_empty() {
        return mine.clear();
    }
    for body in theirs {
        if !mine.contains(&body) {
            mine.push(body);
        }
    }
    if mine.len() > MOST_BODIES {
        mine.clear();
    }
}

fn join_values(a: Variable, b: Variable) -> Variable {
    match (a, b) {
        (a, b) if a == b => a,
        (Variable::One(mut mine), Variable::One(theirs)) => {
            for value in theirs {
                if !mine.contains(&value) {
                    mine.push(value);
                }
            }
            Variable::One(bounded(mine))
        }
        // Lists are only read for what they may hold.
        (Variable::One(a) | Variable::List(a), Variable::One(b) | Variable::List(b)) => {
            Variable::List(a.into_iter().chain(b).take(1024).collect())
        }
    }
}

/// `values`, or one unknown that names them all when there are too many.
pub(super) fn bounded(values: Vec<Text>) -> Vec<Text> {
    match values.len() <= MOST_VALUES {
        true => values,
        false => vec![Text::naming(values.iter().flat_map(Text::names).take(1024).collect())],
    }
}
