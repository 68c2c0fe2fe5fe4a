//! How fast `aitk check` is, side by side with curl, an rsync daemon and git over smart HTTP.
//!
//! ```sh
//! cargo bench -p aitk-tests --bench sync                     # everything, under 3 minutes
//! cargo bench -p aitk-tests --bench sync -- --only hanging   # the cases whose name has this
//! cargo bench -p aitk-tests --bench sync -- --rounds 5       # so many rounds of every case
//! ```
//!
//! It prints a Markdown table and asserts no time: a machine with other work is slow, so look at the
//! ratios. All programs of a case take turns (A B C A B C …), after one round that does not count.
//!
//! It measures the static release binaries, from the folder `AITK_BENCH_BIN` or else from
//! `target/bench-bin`, where `./install.sh --build-only` puts them when they are missing. They are not
//! built again there: delete the folder after a change. Homes, docs and the server live in temporary
//! folders (`TMPDIR` chooses the file system; they take 600 MB). Where curl, git's parts for HTTP, rsync,
//! or tar with zstd is missing, its rows are left out; without python3, the columns CPU and RSS. On
//! Debian and Ubuntu: `apt-get install curl git rsync tar zstd python3`.
//!
//! "ms", "CPU" and "RSS" cover a program with all of its children, from start to end. "RSS" is never
//! below that of the Python process which starts it, about 10 MiB. Bytes are those of TCP's payload
//! both ways, counted by a [`proxy`] that also makes the latency: once a request, as one round trip
//! does on a connection that is open. None of the programs flushes its new files to the disk (`aitk`
//! does on file systems that tell late of a full disk). Before each run everything is flushed, so that
//! nobody waits for what another has written. The archive and the git repository come from a web [server](web) of this
//! bench, the archive ready-made. Wait a minute between two runs: ext4 makes files slowly while many were
//! removed just before.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

mod cases;
mod docs;
mod platform;
mod proxy;
mod rivals;
mod stages;
mod stopwatch;
mod table;
mod web;

use cases::{Case, Size};
use stages::Stage;
use stopwatch::Stopwatch;
use table::Row;

struct Options {
    rounds: Option<usize>,
    cases: Vec<Case>,
}

fn main() {
    let options = read_options().unwrap_or_else(|why| {
        eprintln!("error: {why}\nhint: --rounds N, --only NAME");
        std::process::exit(64);
    });
    let tools = rivals::Tools::look_for();
    let mut stopwatch = Stopwatch::start();
    let platform = platform::Platform::start();
    let mut rows = Vec::new();
    let mut stages = Vec::new(); // their files are removed at the end, which would slow the others down
    for case in options.cases {
        eprintln!("{} …", case.name);
        let mut stage = (case.set)(&platform, &tools);
        rows.extend(measure(&case, &mut stage, options.rounds, &mut stopwatch));
        stages.push(stage);
    }
    println!("{}", table::render(&rows));
    let mut missing = tools.missing();
    missing.extend(stopwatch.is_plain().then_some("python3: no CPU, no RSS"));
    if !missing.is_empty() {
        println!("\nMissing here: {}.", missing.join(", "));
    }
}

fn read_options() -> Result<Options, String> {
    let mut options = Options { rounds: None, cases: cases::all() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--bench" => {} // cargo adds it
            "--only" => {
                let name = value()?;
                options.cases.retain(|case| case.name.contains(&name));
                if options.cases.is_empty() {
                    let names: Vec<_> = cases::all().iter().map(|case| case.name).collect();
                    return Err(format!("no case has '{name}' in its name: {}", names.join("; ")));
                }
            }
            "--rounds" => {
                let rounds = value()?.parse().ok().filter(|rounds| *rounds > 0);
                options.rounds = Some(rounds.ok_or("--rounds needs a number above 0")?);
            }
            _ => return Err(format!("unknown argument: {word}")),
        }
    }
    Ok(options)
}

/// Runs the programs of a case in turn; one row each.
fn measure(case: &Case, stage: &mut Stage, rounds: Option<usize>, stopwatch: &mut Stopwatch) -> Vec<Row> {
    let usual = match case.size {
        Size::Small => 30,
        Size::Big => 7,
        Size::Slow => 3,
    };
    let rounds = rounds.unwrap_or(usual);
    let mut samples: Vec<Vec<_>> = stage.programs.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        (stage.before_round)(round);
        for (program, samples) in stage.programs.iter_mut().zip(&mut samples) {
            let command = (program.ready)(round);
            if let Some(wire) = &program.wire {
                wire.count_anew();
            }
            rustix::fs::sync();
            let mut sample = stopwatch.time(&command);
            assert_eq!(sample.code, program.code, "{}, {}: {}", case.name, program.name, sample.said);
            sample.wire = program.wire.as_ref().map(|wire| wire.counted());
            (program.check)(&sample);
            if round > 0 {
                samples.push(sample);
            }
        }
    }
    let first = table::Numbers::of(&samples[0]);
    let rows = stage.programs.iter().zip(&samples).enumerate();
    let rows = rows.map(|(place, (program, samples))| Row {
        case: if place == 0 { format!("{} ({rounds} rounds)", case.name) } else { String::new() },
        goal: if place == 0 { case.goal } else { "" },
        program: program.name,
        numbers: table::Numbers::of(samples),
        first: (place > 0).then(|| first.clone()),
    });
    rows.collect()
}
