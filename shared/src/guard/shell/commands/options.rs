//! Options and operands, as `getopt` tells them apart.

use crate::guard::shell::text::Text;

/// A command's words, told apart.
#[derive(Default)]
pub(super) struct Options {
    /// Options by their names without dashes, with their values.
    pub(super) options: Vec<(String, Option<Text>)>,
    /// What is no option.
    pub(super) operands: Vec<Text>,
}

impl Options {
    /// Whether one of these options is given.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(name, _)| names.contains(&&name[..]))
    }

    /// The values of these options.
    pub(super) fn values(&self, names: &[&str]) -> Vec<Text> {
        let given = self.options.iter().filter(|(name, _)| names.contains(&&name[..]));
        given.filter_map(|(_, value)| value.clone()).collect()
    }

    /// The value of one of these options.
    pub(super) fn value(&self, names: &[&str]) -> Option<Text> {
        self.values(names).pop()
    }
}

/// Tells options from operands; the options named in `valued` take a value.
pub(super) fn options(args: &[Text], valued: &[&str]) -> Options {
    parsed(args, valued, false)
}

/// As [`options`], but everything from the first operand on is one.
pub(super) fn leading(args: &[Text], valued: &[&str]) -> Options {
    parsed(args, valued, true)
}

fn parsed(args: &[Text], valued: &[&str], leading: bool) -> Options {
    let mut out = Options::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let head = arg.head();
        if head == "--" && arg.as_known().is_some() {
            break;
        } else if let Some(long) = head.strip_prefix("--") {
            let (name, value) = match long.find('=') {
                Some(end) => (&long[..end], Some(arg.after(end + 3))),
                None if valued.contains(&long) => (long, rest.next().cloned()),
                None => (long, None),
            };
            out.options.push((name.to_owned(), value));
        } else if head.len() > 1 && head.starts_with('-') {
            // A long name behind a single dash, as some programs have it.
            if head.len() > 2 && valued.contains(&&head[1..]) {
                out.options.push((head[1..].to_owned(), rest.next().cloned()));
                continue;
            }
            if let Some(end) = head.find('=').filter(|end| *end > 2 && valued.contains(&&head[1..*end])) {
                out.options.push((head[1..end].to_owned(), Some(arg.after(end + 1))));
                continue;
            }
            for (at, c) in head.char_indices().skip(1) {
                let name = c.to_string();
                let end = at + c.len_utf8();
                if valued.contains(&&name[..]) {
                    let attached = arg.after(end);
                    let value = if attached.is_empty() { rest.next().cloned() } else { Some(attached) };
                    out.options.push((name, value));
                    break;
                }
                out.options.push((name, None));
            }
        } else {
            out.operands.push(arg.clone());
            if leading {
                break;
            }
        }
    }
    out.operands.extend(rest.cloned());
    out
}
