//! What `aitk guard` costs an agent, side by side with `/bin/true`: from spawn to exit, over pipes.
//!
//! ```sh
//! cargo bench -p aitk-tests --bench guard                  # the installed build
//! cargo bench -p aitk-tests --bench guard -- --rounds 1000
//! ```
//!
//! It prints a Markdown table and asserts no time: a machine with other work is slow, so look at the
//! ratios, and of them at the first quartile. All programs take turns (A B C A B C …).
//!
//! It measures the `aitk` in the folder `AITK_BENCH_BIN`, or else in `target/bench-bin`, where
//! `./install.sh --build-only` puts it when it is missing. It is not built again there: delete the folder
//! after a change. "RSS" is the most of all rounds, and never below that of this bench, from whose
//! memory the programs are started (about 3 MiB; see the row of `/bin/true`).

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

mod stage;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use stage::{Call, Stage};
use wait4::Wait4;

const ROUNDS: usize = 300;
/// Before the first round that counts: files get into the page cache.
const WARM_UP: usize = 10;

fn main() {
    let rounds = read_rounds().unwrap_or_else(|why| {
        eprintln!("error: {why}\nhint: --rounds N");
        std::process::exit(64);
    });
    let stage = Stage::set();
    let calls = stage.calls();
    let mut samples: Vec<_> = calls.iter().map(|_| Samples::default()).collect();
    for round in 0..WARM_UP + rounds {
        for (call, samples) in calls.iter().zip(&mut samples) {
            let (micros, kib) = run(call, &call.event, &stage);
            if let Some(event) = &call.done {
                run(call, event, &stage);
            }
            if round >= WARM_UP {
                samples.micros.push(micros);
                samples.kib = samples.kib.max(kib);
            }
        }
    }
    print(&calls, &samples);
}

fn read_rounds() -> Result<usize, String> {
    let mut rounds = ROUNDS;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--bench" => {} // cargo adds it
            "--rounds" => {
                let number = words.next().and_then(|word| word.parse().ok()).filter(|rounds| *rounds > 0);
                rounds = number.ok_or("--rounds needs a number above 0")?;
            }
            _ => return Err(format!("unknown argument: {word}")),
        }
    }
    Ok(rounds)
}

/// Calls once, as an agent does; microseconds, and KiB at most.
fn run(call: &Call, event: &str, stage: &Stage) -> (f64, u64) {
    let mut command = Command::new(&call.program);
    command.args(call.args).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", stage.home());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut said = Vec::new();
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // Who reads no input may be gone.
    let _ = input.write_all(event.as_bytes());
    drop(input);
    child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    child.stderr.take().unwrap().read_to_end(&mut said).unwrap();
    let done = child.wait4().unwrap();
    let micros = begun.elapsed().as_secs_f64() * 1e6;
    assert!(done.status.success() && said.is_empty(), "{}: {}", call.name, String::from_utf8_lossy(&said));
    (micros, done.rusage.maxrss / 1024)
}

#[derive(Default)]
struct Samples {
    micros: Vec<f64>,
    kib: u64,
}

impl Samples {
    /// The value below which this part of all values is.
    fn quantile(&self, part: f64) -> f64 {
        let mut micros = self.micros.clone();
        micros.sort_by(f64::total_cmp);
        micros[(part * (micros.len() - 1) as f64) as usize]
    }
}

/// The first row is what the others are compared with.
fn print(calls: &[Call], samples: &[Samples]) {
    println!("| call | p25 µs | ÷ true | median µs | ÷ true | RSS MiB | goal |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    for (call, of) in calls.iter().zip(samples) {
        let columns =
            [0.25, 0.5].map(|part| (of.quantile(part), of.quantile(part) / samples[0].quantile(part)));
        let [(p25, p25_ratio), (median, median_ratio)] = columns;
        println!(
            "| {} | {p25:.0} | {p25_ratio:.2} | {median:.0} | {median_ratio:.2} | {:.1} | {} |",
            call.name,
            of.kib as f64 / 1024.0,
            call.goal
        );
    }
}

/// The folder with the static release build; builds it where there is none.
fn programs() -> std::path::PathBuf {
    if let Some(folder) = std::env::var_os("AITK_BENCH_BIN") {
        return std::path::absolute(folder).unwrap();
    }
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = checkout.join("target/bench-bin");
    if !folder.join("aitk").exists() {
        let mut install = Command::new(checkout.join("install.sh"));
        let built = install.arg("--build-only").arg(&folder).status().unwrap();
        assert!(built.success(), "./install.sh --build-only failed");
    }
    folder
}
