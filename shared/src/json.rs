//! Settings as agents read them: JSON, and for some of them JSON with comments.

use jsonc_parser::{ParseOptions, parse_to_serde_value};
use serde_json::Value;

/// What an agent takes for its settings. None of them takes a comma after the last field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Json {
    /// JSON and nothing else.
    Plain,
    /// Also with comments.
    Commented,
}

impl Json {
    /// Reads settings as the agent does; the error says why it would not.
    pub fn read(self, text: &str) -> Result<Value, String> {
        let read = match self {
            Json::Plain => serde_json::from_str(text).map_err(|error| error.to_string()),
            Json::Commented => {
                parse_to_serde_value(text, &options(true, false)).map_err(|error| error.to_string())
            }
        };
        read.map_err(|why| match (self, lenient(text)) {
            (Json::Plain, Some(_)) => "it has a comment or a comma too many, and may have neither".to_owned(),
            (Json::Commented, Some(_)) => "it has a comma too many".to_owned(),
            (_, None) => why,
        })
    }
}

/// Settings with whatever any agent puts up with; `None` for what is no JSON either way.
pub fn lenient(text: &str) -> Option<Value> {
    parse_to_serde_value(text, &lenient_options()).ok()
}

/// The same for who parses by himself.
pub fn lenient_options() -> ParseOptions {
    options(true, true)
}

fn options(comments: bool, trailing_commas: bool) -> ParseOptions {
    ParseOptions {
        allow_comments: comments,
        allow_trailing_commas: trailing_commas,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_read_by_some_and_a_comma_too_many_by_none() {
        for (text, plain, commented, any) in [
            ("{\"a\": 1}", true, true, true),
            ("{\"a\": \"// no comment\"}", true, true, true),
            ("{ // c\n \"a\": 1 /* c */ }", false, true, true),
            ("{\"a\": 1,}", false, false, true),
            ("{a: 1}", false, false, false),
            ("{'a': 1}", false, false, false),
            ("{", false, false, false),
        ] {
            assert_eq!(Json::Plain.read(text).is_ok(), plain, "{text}");
            assert_eq!(Json::Commented.read(text).is_ok(), commented, "{text}");
            assert_eq!(lenient(text).is_some(), any, "{text}");
        }
        assert!(Json::Plain.read("{} // c").unwrap_err().contains("comment"));
    }
}
