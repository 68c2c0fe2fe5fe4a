//! Medians, quartiles and ratios, as a Markdown table.

use crate::stopwatch::Sample;

/// One program in one case.
pub struct Row {
    pub case: String,
    pub program: &'static str,
    pub numbers: Numbers,
    /// Of the case's first program, `aitk`, where this is another.
    pub first: Option<Numbers>,
    pub goal: &'static str,
}

/// What all rounds of a program come to: medians, and the first quartile of the time.
#[derive(Clone)]
pub struct Numbers {
    ms: f64,
    quartile: f64,
    cpu_ms: Option<f64>,
    rss_mib: Option<f64>,
    wire: Option<(f64, f64)>,
}

impl Numbers {
    pub fn of(samples: &[Sample]) -> Self {
        let ms = || samples.iter().map(|sample| sample.seconds * 1e3);
        let all = |get: fn(&Sample) -> Option<f64>| samples.iter().map(get).collect::<Option<Vec<_>>>();
        let median = |values: Vec<f64>| quantile(values, 0.5);
        Numbers {
            ms: median(ms().collect()),
            quartile: quantile(ms().collect(), 0.25),
            cpu_ms: all(|sample| sample.cpu_seconds.map(|seconds| seconds * 1e3)).map(median),
            rss_mib: all(|sample| sample.rss_kib.map(|kib| kib / 1024.0)).map(median),
            wire: all(|sample| sample.wire.map(|(up, _)| up as f64))
                .map(median)
                .zip(all(|sample| sample.wire.map(|(_, down)| down as f64)).map(median)),
        }
    }
}

/// The value below which this part of all values is, between two neighbours in proportion.
fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = part * (values.len() - 1) as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// The table; "aitk ÷ it" compares the medians and, in brackets, the first quartiles.
pub fn render(rows: &[Row]) -> String {
    let mut lines = vec![
        "| case | program | median ms | p25 ms | aitk ÷ it (p25) | CPU ms | RSS MiB | bytes up | bytes down | goal |"
            .to_owned(),
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |".to_owned(),
    ];
    for Row { case, program, numbers, first, goal } in rows {
        let ratio = first.as_ref().map_or(String::new(), |first| {
            format!("{:.2} ({:.2})", first.ms / numbers.ms, first.quartile / numbers.quartile)
        });
        let maybe = |value: Option<f64>, digits| value.map_or(String::new(), |v| format!("{v:.digits$}"));
        let (cpu, rss) = (maybe(numbers.cpu_ms, 1), maybe(numbers.rss_mib, 1));
        let (up, down) = numbers.wire.map_or((None, None), |(up, down)| (Some(up), Some(down)));
        let (up, down) = (maybe(up, 0), maybe(down, 0));
        let (ms, quartile) = (numbers.ms, numbers.quartile);
        lines.push(format!(
            "| {case} | {program} | {ms:.1} | {quartile:.1} | {ratio} | {cpu} | {rss} | {up} | {down} | {goal} |"
        ));
    }
    lines.join("\n")
}
