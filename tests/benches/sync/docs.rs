//! The docs: made up, but like Markdown prose in size and in how well they compress.

/// Where a doc is.
pub fn name(number: usize) -> String {
    format!("topic-{:02}/page-{number:04}.md", number % 40)
}

/// About 8 KB of Markdown that compresses as prose does; the same for the same numbers.
pub fn text(number: usize, version: usize) -> String {
    const WORDS: &str = "release branch review the a of to and in service deploy rollback migration \
        database schema index queue worker retry timeout token key header request answer when before \
        after never always must should owner team incident alert threshold dashboard metric log trace \
        build test coverage fixture module crate function error type contract version compatible \
        deprecated customer invoice payment region latency budget cache eviction snapshot backup restore";
    let words: Vec<_> = WORDS.split_whitespace().collect();
    let mut seed = number as u64 + 1;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 33
    };
    let mut text = format!("# Page {number}, version {version}\n");
    while text.len() < 8 * 1024 {
        match next() % 40 {
            0 => text.push_str(&format!("\n\n## Step {:x}\n\n", next())),
            1 => text.push_str(&format!("`{:08x}-{:08x}` ", next(), next())),
            2 => text.push_str(".\n"),
            _ => {
                text.push_str(words[next() as usize % words.len()]);
                text.push(' ');
            }
        }
    }
    text
}
