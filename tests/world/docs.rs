//! A set of docs, and what proves it: the sums that `sha256sum` would print.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Docs with their bytes, by path.
pub type Docs = BTreeMap<String, Vec<u8>>;

/// Names and texts as docs.
pub fn docs<B: AsRef<[u8]>>(pairs: &[(&str, B)]) -> Docs {
    pairs.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.as_ref().to_vec())).collect()
}

/// Many small docs in a few folders; `revision` decides what they say.
pub fn many(count: usize, revision: usize) -> Docs {
    let doc =
        |n: usize| (format!("part {}/doc {n}.md", n % 7), format!("doc {n} of {revision}\n").repeat(n % 40));
    (0..count).map(doc).map(|(path, text)| (path, text.into_bytes())).collect()
}

/// Lower-case hex SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The docs hash of a set.
pub fn docs_hash(docs: &Docs) -> String {
    docs_hash_of(docs.iter().map(|(path, bytes)| (path.clone(), sha256(bytes))))
}

/// The docs hash of paths and content hashes.
pub fn docs_hash_of(docs: impl Iterator<Item = (String, String)>) -> String {
    let mut docs: Vec<_> = docs.collect();
    docs.sort();
    let text: String = docs.iter().map(|(path, hash)| format!("{hash}  {path}\n")).collect();
    sha256(text.as_bytes())
}
