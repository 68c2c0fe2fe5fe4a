//! The outcome as a Markdown table.

/// What of a model's text is shown.
const WIDTH: usize = 120;

/// A case with a client.
#[derive(Default)]
pub struct Row {
    pub client: String,
    pub case: &'static str,
    /// What was seen on the disk.
    pub seen: String,
    /// What the model was told.
    pub told: String,
    /// What is not as it must be.
    pub wrong: Vec<String>,
}

pub fn render(rows: &[Row]) -> String {
    let mut lines = vec![
        "| client | the model | seen | told to the model | as it must be |".to_owned(),
        "| --- | --- | --- | --- | --- |".to_owned(),
    ];
    lines.extend(rows.iter().map(|Row { client, case, seen, told, wrong }| {
        let verdict = if wrong.is_empty() { "yes".to_owned() } else { format!("NO: {}", wrong.join("; ")) };
        format!("| {client} | {case} | {seen} | {} | {} |", cell(reason(told)), cell(&verdict))
    }));
    lines.join("\n")
}

/// A text from our own words on, where it has some.
fn reason(told: &str) -> &str {
    told.find("aitk: ").map_or(told, |start| &told[start..])
}

/// A text on one line of a table.
fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
