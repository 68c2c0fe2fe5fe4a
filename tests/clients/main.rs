//! The coding agents themselves, from the npm registry, with the hooks that `aitk init` installs: a model
//! server of ours tells them to write where they must not, and then the disk is looked at.
//!
//! ```sh
//! cargo build                                                             # aitk and aitk-server
//! AITK_TEST_CLIENTS=1 cargo test -p aitk-tests --test clients             # all clients
//! AITK_TEST_CLIENTS=claude,codex cargo test -p aitk-tests --test clients  # these
//! AITK_TEST_CLIENTS=claude cargo test -p aitk-tests --test clients -- mcp # the cases with this in their name
//! ```
//!
//! Without the variable nothing is run. With it, npm (and so Node.js 20) puts the clients, in the versions
//! named here, into `target/clients`; nothing else goes out: each client has a home of its own, a key that
//! opens nothing, and its model on loopback. Gemini CLI's search finds the mirror only where ripgrep is installed:
//! without it, it asks git, which leaves out what is hidden from git. The table says of each case what was seen on the disk and what
//! the model was told; `target/clients/traces` has the whole conversations.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

mod cases;
mod claude;
mod client;
mod codex;
mod copilot;
mod droid;
mod gemini;
mod model;
mod opencode;
mod qwen;
mod run;
mod stage;
mod table;
mod verdict;

use cases::{CASES, Case};
use client::Client;
use table::Row;

/// Names the clients to run, or is `1` for all.
const VARIABLE: &str = "AITK_TEST_CLIENTS";
const CLIENTS: [&dyn Client; 10] = [
    &claude::Claude::Plain,
    &claude::Claude::Managed,
    &codex::Codex,
    &gemini::Gemini,
    &copilot::Copilot::Alone,
    &copilot::Copilot::BesideClaude,
    &copilot::Copilot::OnClaudes,
    &qwen::Qwen,
    &opencode::Opencode,
    &droid::Droid,
];

fn main() {
    // What `cargo test` passes on besides names is for another kind of test.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if std::env::args().any(|word| word == "--list") {
        return;
    }
    let wanted = std::env::var(VARIABLE).unwrap_or_default();
    if ["", "0"].contains(&wanted.as_str()) {
        println!(
            "skipped: the real clients run only with {VARIABLE}=1, or with a list such as {VARIABLE}=claude,codex"
        );
        return;
    }
    let clients = chosen(&wanted).unwrap_or_else(|unknown| {
        eprintln!("error: {VARIABLE} names the client '{unknown}', which is not known here");
        std::process::exit(64);
    });
    let is_wanted =
        |case: &&Case| words.is_empty() || words.iter().any(|word| case.name.contains(word.as_str()));
    let cases: Vec<&Case> = CASES.iter().filter(is_wanted).collect();
    let rows: Vec<Row> = clients.iter().flat_map(|client| play(*client, &cases)).collect();
    println!("\n{}", table::render(&rows));
    let failed = rows.iter().filter(|row| !row.wrong.is_empty()).count();
    println!("\n{} of {} as they must be", rows.len() - failed, rows.len());
    if failed > 0 {
        std::process::exit(1);
    }
}

fn chosen(wanted: &str) -> Result<Vec<&'static dyn Client>, String> {
    if wanted == "1" {
        return Ok(CLIENTS.to_vec());
    }
    let named = |name: &str| CLIENTS.into_iter().find(|client| client.name() == name).ok_or(name.to_owned());
    wanted.split(',').map(|name| named(name.trim())).collect()
}

fn play(client: &dyn Client, cases: &[&Case]) -> Vec<Row> {
    let title = format!("{} {}", client.name(), client.package().1);
    eprintln!("{title} …");
    let program = match client::install(client) {
        Ok(program) => program,
        Err(why) => {
            return vec![Row { client: title, case: "is installed", wrong: vec![why], ..Row::default() }];
        }
    };
    let stage = stage::Stage::new(client, &program);
    let traces = program.ancestors().find(|folder| folder.ends_with("clients")).unwrap().join("traces");
    std::fs::create_dir_all(&traces).unwrap();
    let row = |case: &&Case| {
        let came = stage.play(case);
        let mark = if came.wrong.is_empty() { "ok" } else { "FAILED" };
        eprintln!(
            "  {mark:6} {}{}",
            case.name,
            came.wrong.iter().map(|why| format!("\n         {why}")).collect::<String>()
        );
        let trace = traces.join(format!("{}-{}.txt", client.name(), case.name.replace([' ', '\''], "-")));
        std::fs::write(trace, &came.trace).unwrap();
        Row { client: title.clone(), case: case.name, seen: came.seen, told: came.told, wrong: came.wrong }
    };
    cases.iter().map(row).collect()
}
