//! Redirections: what they write and what they feed.

use brush_parser::ast::{IoFileRedirectKind, IoFileRedirectTarget, IoRedirect, ProcessSubstitutionKind};

use super::Reach;
use super::text::Text;
use super::walk::Walker;

/// What the redirections of one command come to.
#[derive(Default)]
pub(super) struct Redirected {
    /// Standard input, where a redirection feeds it.
    pub(super) input: Option<Text>,
    /// Whether standard output goes to a file.
    pub(super) output: bool,
}

impl Walker<'_> {
    /// Follows one redirection.
    pub(super) fn redirect(&mut self, redirect: &IoRedirect, so_far: &mut Redirected) {
        use IoFileRedirectKind as Kind;
        match redirect {
            IoRedirect::File(fd, kind, target) => {
                let writes = !matches!(kind, Kind::Read | Kind::DuplicateInput);
                match target {
                    IoFileRedirectTarget::Filename(word) => {
                        if writes {
                            self.write_word(&word.value);
                            so_far.output |= fd.is_none_or(|fd| fd == 1);
                        } else {
                            self.words(&word.value);
                            so_far.input = Some(Text::gap());
                        }
                    }
                    IoFileRedirectTarget::Duplicate(word) => {
                        let number = word.value.bytes().all(|b| b.is_ascii_digit() || b == b'-');
                        if writes && !number {
                            self.write_word(&word.value);
                        }
                    }
                    IoFileRedirectTarget::ProcessSubstitution(kind, list) => {
                        let output = self.apart(|walker| walker.list(&list.list));
                        match kind {
                            ProcessSubstitutionKind::Read => so_far.input = Some(output),
                            ProcessSubstitutionKind::Write => so_far.output = true,
                        }
                    }
                    IoFileRedirectTarget::Fd(_) => {}
                }
            }
            IoRedirect::HereDocument(_, document) => {
                so_far.input = Some(match document.requires_expansion {
                    true => self.document(&document.doc.value),
                    false => Text::known(&document.doc.value),
                });
            }
            IoRedirect::HereString(_, word) => {
                let values = self.values(&word.value);
                so_far.input = Some(super::words::one_of(values));
            }
            IoRedirect::OutputAndError(word, _) => {
                self.write_word(&word.value);
                so_far.output = true;
            }
        }
    }

    fn write_word(&mut self, raw: &str) {
        for target in self.words(raw).iter().flatten() {
            self.write(target, Reach::File);
        }
    }
}
