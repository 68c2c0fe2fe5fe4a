//! From text to a syntax tree.

use brush_parser::ast::Program;
use brush_parser::{ParserOptions, Token, parse_tokens, uncached_tokenize_str};

/// Longest script that is parsed, in bytes.
pub(super) const LONGEST: usize = 128 * 1024;
/// Deepest brackets in one script as text; the tokenizer calls itself for each.
const DEEPEST_TEXT: usize = 100;
/// Deepest parentheses of the grammar: an unclosed one doubles the parser's work.
const DEEPEST_GROUP: usize = 10;
/// Deepest `if`, `for`, `{` …; the parser calls itself for each.
const DEEPEST_BLOCK: usize = 40;

/// Parses `script`, or says why not.
pub(super) fn program(script: &str) -> Result<Program, &'static str> {
    if script.len() > LONGEST {
        return Err("the script is too long");
    }
    if depth(script.bytes().map(step_of_byte)) > DEEPEST_TEXT {
        return Err("the script is nested too deeply");
    }
    let options = ParserOptions::default();
    let tokens = uncached_tokenize_str(script, &options.tokenizer_options())
        .map_err(|_| "the script cannot be read as shell")?;
    let group = |token: &Token| match token.to_str() {
        "(" => 1,
        ")" => -1,
        _ => 0,
    };
    let block = |token: &Token| match token.to_str() {
        "if" | "while" | "until" | "for" | "case" | "{" | "[[" | "select" => 1,
        "fi" | "done" | "esac" | "}" | "]]" => -1,
        _ => 0,
    };
    if depth(tokens.iter().map(group)) > DEEPEST_GROUP || depth(tokens.iter().map(block)) > DEEPEST_BLOCK {
        return Err("the script is nested too deeply");
    }
    parse_tokens(&tokens, &options).map_err(|_| "the script cannot be read as shell")
}

fn step_of_byte(byte: u8) -> i32 {
    match byte {
        b'(' | b'{' => 1,
        b')' | b'}' => -1,
        _ => 0,
    }
}

/// The greatest height of a walk that never goes below the ground.
fn depth(steps: impl Iterator<Item = i32>) -> usize {
    let (mut height, mut greatest) = (0i32, 0);
    for step in steps {
        height = (height + step).max(0);
        greatest = greatest.max(height);
    }
    usize::try_from(greatest).unwrap_or_default()
}
