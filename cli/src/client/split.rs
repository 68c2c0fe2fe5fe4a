//! Cuts the docs out of a sync's answer while it comes, each as soon as it is whole.
//!
//! A doc is decoded from memory, which is many times faster than byte by byte from a stream. This
//! knows no more of JSON than where a value ends; every byte that it passes on is decoded strictly
//! by whoever gets it, so what it could misread is refused there.

/// What stands for a doc in the rest of the answer.
pub const PLACEHOLDER: u8 = b'0';

/// More bytes would have to be held than may be.
#[derive(Debug)]
pub struct TooLarge;

/// Where in an answer the next byte is.
#[derive(Debug)]
pub struct Splitter {
    /// Bytes that a doc, or the rest, may have.
    limit: u64,
    /// Open objects and lists.
    depth: usize,
    string: Option<Text>,
    /// The last string at the top, where it is short: a field's name once a colon follows.
    name: Vec<u8>,
    /// Whether the value that comes is that of `docs`, or one of these docs.
    in_docs: bool,
    in_doc: bool,
    doc: Vec<u8>,
    rest: Vec<u8>,
}

/// A string that is being read.
#[derive(Clone, Copy, Debug)]
enum Text {
    Plain,
    /// After a backslash.
    Escaped,
}

const DOCS: &[u8] = b"docs";

impl Splitter {
    /// At the start of an answer.
    pub fn new(limit: u64) -> Self {
        Splitter {
            limit,
            depth: 0,
            string: None,
            name: Vec::new(),
            in_docs: false,
            in_doc: false,
            doc: Vec::new(),
            rest: Vec::new(),
        }
    }

    /// Takes the next bytes in; passes on every doc that they complete.
    pub fn take<E: From<TooLarge>>(
        &mut self,
        mut bytes: &[u8],
        mut pass_on: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while !bytes.is_empty() {
            let (part, rest) = bytes.split_at(self.next(bytes));
            bytes = rest;
            let had_doc = self.in_doc;
            self.read(part);
            let to = if had_doc || self.in_doc { &mut self.doc } else { &mut self.rest };
            to.extend_from_slice(part);
            if to.len() as u64 > self.limit {
                return Err(TooLarge.into());
            }
            if had_doc && !self.in_doc {
                pass_on(&self.doc)?;
                self.doc.clear();
                self.rest.push(PLACEHOLDER);
            }
        }
        Ok(())
    }

    /// The answer without its docs.
    pub fn rest(self) -> Vec<u8> {
        self.rest
    }

    /// How many bytes can be read at once: up to what ends or escapes in a string, else one.
    fn next(&self, bytes: &[u8]) -> usize {
        match self.string {
            Some(Text::Plain) => {
                bytes.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(bytes.len()).max(1)
            }
            _ => 1,
        }
    }

    fn read(&mut self, part: &[u8]) {
        let Some(&byte) = part.first() else { return };
        match (self.string, byte) {
            (Some(Text::Escaped), _) => self.string = Some(Text::Plain),
            (Some(Text::Plain), b'\\') => self.string = Some(Text::Escaped),
            (Some(Text::Plain), b'"') => self.string = None,
            (Some(Text::Plain), _) if self.depth == 1 && self.name.len() <= DOCS.len() => {
                self.name.extend_from_slice(&part[..part.len().min(DOCS.len() + 1)]);
            }
            (Some(Text::Plain), _) => {}
            (None, _) => self.structure(byte),
        }
    }

    fn structure(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.string = Some(Text::Plain);
                if self.depth == 1 {
                    self.name.clear();
                }
            }
            b'{' | b'[' => {
                self.in_docs = self.in_docs || self.depth == 1 && byte == b'[' && self.name == DOCS;
                self.in_doc = self.in_doc || self.in_docs && self.depth == 2 && byte == b'{';
                self.depth += 1;
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.in_doc &= self.depth > 2;
                self.in_docs &= self.depth > 1;
            }
            b',' if self.depth == 1 => self.name.clear(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(body: &str, size: usize) -> (Vec<String>, String) {
        let (mut splitter, mut docs) = (Splitter::new(1_000), Vec::new());
        for part in body.as_bytes().chunks(size) {
            let keep = |doc: &[u8]| -> Result<(), TooLarge> {
                docs.push(String::from_utf8(doc.to_vec()).unwrap());
                Ok(())
            };
            splitter.take(part, keep).unwrap();
        }
        (docs, String::from_utf8(splitter.rest()).unwrap())
    }

    #[test]
    fn docs_are_cut_out_wherever_the_parts_of_an_answer_end() {
        for (body, docs, rest) in [
            (r#"{"docs":[],"a":1}"#, &[][..], r#"{"docs":[],"a":1}"#),
            (r#"{"docs":[{"a":"}\"]"} , {}]}"#, &[r#"{"a":"}\"]"}"#, "{}"], r#"{"docs":[0 , 0]}"#),
            (
                r#"{"x":"docs","y":[{}],"docs": [{"b":[{}]}]}"#,
                &[r#"{"b":[{}]}"#],
                r#"{"x":"docs","y":[{}],"docs": [0]}"#,
            ),
            (r#"{"x":{"docs":[{}]}}"#, &[], r#"{"x":{"docs":[{}]}}"#),
            (r#"{"docsPath":[{}],"doc":[{}]}"#, &[], r#"{"docsPath":[{}],"doc":[{}]}"#),
            (r#"[{"docs":[{}]}]"#, &[], r#"[{"docs":[{}]}]"#),
        ] {
            for size in [1, 2, 7, 1_000] {
                assert_eq!(split(body, size), (docs.iter().map(|d| (*d).to_owned()).collect(), rest.into()));
            }
        }
    }

    #[test]
    fn neither_a_doc_nor_the_rest_is_without_end() {
        for start in [r#"{"docs":[{"content":""#, r#"{"hash":""#, r#"{"docs":["#] {
            let mut splitter = Splitter::new(100);
            let mut take = |text: &str| splitter.take(text.as_bytes(), |_| Ok::<_, TooLarge>(()));
            take(start).unwrap();
            assert!((0..20).any(|_| take("1234567890").is_err()), "{start}");
        }
    }
}
