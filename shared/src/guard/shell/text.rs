//! Text of which parts may be unknown.

/// Longest text that is followed, in bytes; a longer one is unknown.
const LONGEST: usize = 256 * 1024;
/// Stands for an unknown part where text is parsed once more; from the private use area.
pub(super) const GAP: char = '\u{e000}';
/// Fills an unknown part of a path whose folder is known.
const FILLER: &str = "0";

/// A part of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Literally this.
    Known(String),
    /// Anything; perhaps one of these names.
    Gap(Vec<String>),
}

/// Text of which parts may be unknown. Neighbouring known parts are always one.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Text(Vec<Part>);

impl Text {
    /// Wholly known text; [`GAP`]s in it are unknown parts.
    pub(super) fn known(text: &str) -> Self {
        let mut out = Text::default();
        out.push(text);
        out
    }

    /// Wholly unknown text.
    pub(super) fn gap() -> Self {
        Text(vec![Part::Gap(Vec::new())])
    }

    /// Unknown text that may name `names`.
    pub(super) fn naming(names: Vec<String>) -> Self {
        Text(vec![Part::Gap(names)])
    }

    /// Adds known text.
    pub(super) fn push(&mut self, text: &str) {
        let mut pieces = text.split(GAP);
        self.push_known(pieces.next().unwrap_or_default());
        for piece in pieces {
            self.push_gap(Vec::new());
            self.push_known(piece);
        }
    }

    fn push_known(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Known(known)) if known.len() + text.len() > LONGEST => self.push_gap(Vec::new()),
            Some(Part::Known(known)) => known.push_str(text),
            _ => self.0.push(Part::Known(text.to_owned())),
        }
    }

    /// Adds an unknown part that may name `names`.
    pub(super) fn push_gap(&mut self, names: Vec<String>) {
        match self.0.last_mut() {
            Some(Part::Gap(before)) => before.extend(names.into_iter().take(64)),
            _ => self.0.push(Part::Gap(names)),
        }
    }

    /// Adds all of `other`.
    pub(super) fn append(&mut self, other: &Text) {
        for part in &other.0 {
            match part {
                Part::Known(text) => self.push_known(text),
                Part::Gap(names) => self.push_gap(names.clone()),
            }
        }
    }

    /// The parts in order.
    pub(super) fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The whole text, when no part of it is unknown.
    pub(super) fn as_known(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [Part::Known(text)] => Some(text),
            _ => None,
        }
    }

    /// The known text at the start.
    pub(super) fn head(&self) -> &str {
        match self.0.first() {
            Some(Part::Known(text)) => text,
            _ => "",
        }
    }

    /// What follows the first `bytes` bytes of the known start.
    pub(super) fn after(&self, bytes: usize) -> Text {
        let mut out = Text::default();
        out.push(self.head().get(bytes..).unwrap_or_default());
        let rest = usize::from(!self.head().is_empty());
        self.0.iter().skip(rest).for_each(|part| match part {
            Part::Known(text) => out.push_known(text),
            Part::Gap(names) => out.push_gap(names.clone()),
        });
        out
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes are known.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|part| if let Part::Known(text) = part { text.len() } else { 1 }).sum()
    }

    /// With every unknown part filled by a name that nobody uses.
    pub(super) fn filled(&self) -> String {
        self.written(FILLER)
    }

    /// With every unknown part as [`GAP`].
    pub(super) fn gapped(&self) -> String {
        self.written(&GAP.to_string())
    }

    fn written(&self, gap: &str) -> String {
        self.0.iter().map(|part| if let Part::Known(text) = part { text } else { gap }).collect()
    }

    /// What the text names as a path: its known parts, and what its unknown ones may be.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (i, part) in self.0.iter().enumerate() {
            match part {
                // After an unknown start a slash is in the middle of a path, not its root.
                Part::Known(text) if i > 0 => names.push(text.trim_start_matches('/').to_owned()),
                Part::Known(text) => names.push(text.clone()),
                Part::Gap(more) => names.extend(more.iter().cloned()),
            }
        }
        names.retain(|name| !name.is_empty());
        names
    }

    /// The lines, without their ends.
    pub(super) fn lines(&self) -> Vec<Text> {
        self.split(|c| c == '\n')
    }

    /// The words between whitespace.
    pub(super) fn words(&self) -> Vec<Text> {
        self.split(char::is_whitespace)
    }

    /// The pieces between the characters that `at` tells; empty ones are left out.
    pub(super) fn split(&self, at: impl Fn(char) -> bool + Copy) -> Vec<Text> {
        let mut out = vec![Text::default()];
        for part in &self.0 {
            match part {
                Part::Gap(names) => {
                    if let Some(last) = out.last_mut() {
                        last.push_gap(names.clone());
                    }
                }
                Part::Known(text) => {
                    for (i, piece) in text.split(at).enumerate() {
                        if i > 0 {
                            out.push(Text::default());
                        }
                        if let Some(last) = out.last_mut() {
                            last.push(piece);
                        }
                    }
                }
            }
        }
        out.retain(|text| !text.is_empty());
        out
    }

    /// Without line ends at the end, as `$(…)` leaves them off.
    pub(super) fn trimmed(mut self) -> Self {
        if let Some(Part::Known(text)) = self.0.last_mut() {
            let kept = text.trim_end_matches(['\n', '\r']).len();
            text.truncate(kept);
            if text.is_empty() {
                self.0.pop();
            }
        }
        self
    }
}

/// Whatever in `text` looks like a word of a path: for text whose grammar is not known.
pub(super) fn fragments(text: &str) -> Vec<String> {
    let inside = |c: char| c.is_alphanumeric() || "_-./~+@".contains(c);
    let mut found: Vec<String> =
        text.split(|c| !inside(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    found.sort_unstable();
    found.dedup();
    found
}
