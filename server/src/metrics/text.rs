//! The Prometheus text format, version 0.0.4:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::fmt::Write;

use super::histogram::BOUNDS;
use super::{Histogram, Metrics};

/// What the text is.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is at this moment.
pub struct Now {
    /// Open sockets.
    pub connections: usize,
    /// Rooms that somebody listens to.
    pub rooms: usize,
    /// What waits to be sent over sockets, in bytes.
    pub queued_bytes: usize,
}

impl Metrics {
    /// Everything, for Prometheus to read.
    pub fn text(&self, now: &Now) -> String {
        let mut out = String::with_capacity(8 * 1024);
        let version = env!("CARGO_PKG_VERSION");
        head(&mut out, "aitk_build_info", "gauge", "The running server");
        line(&mut out, "aitk_build_info", &format!("{{version=\"{version}\"}}"), 1);
        for (name, what, value) in [
            ("aitk_connections", "Open sockets", now.connections),
            ("aitk_rooms", "Rooms that somebody listens to", now.rooms),
            ("aitk_queued_bytes", "Bytes that wait to be sent over sockets", now.queued_bytes),
        ] {
            head(&mut out, name, "gauge", what);
            line(&mut out, name, "", value as u64);
        }
        for (name, what, counter) in [
            ("aitk_events_published_total", "Events brought to rooms", &self.published),
            ("aitk_events_delivered_total", "Events queued to sockets, one for each socket", &self.delivered),
            ("aitk_events_dropped_total", "Events not queued, because the socket was slow", &self.dropped),
            ("aitk_events_recovered_total", "Events sent again to sockets that came back", &self.recovered),
            ("aitk_frames_refused_total", "Frames of clients over the rate limit", &self.frames_refused),
            (
                "aitk_credentials_refused_total",
                "Credentials not looked at, because too many from there had failed",
                &self.credentials_refused,
            ),
        ] {
            head(&mut out, name, "counter", what);
            line(&mut out, name, "", counter.get());
        }
        head(&mut out, "aitk_http_requests_total", "counter", "Answered requests");
        for ((method, route, status), count) in self.all_answered() {
            // Templates and methods are our own and need no escapes.
            let labels = format!("{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}");
            line(&mut out, "aitk_http_requests_total", &labels, count);
        }
        let fan_out = "From the commit until its events are queued to all sockets";
        histogram(&mut out, "aitk_fan_out_seconds", fan_out, &self.fan_out);
        histogram(&mut out, "aitk_write_seconds", "Transactions that changed something", &self.write);
        out
    }
}

fn head(out: &mut String, name: &str, kind: &str, what: &str) {
    let _ = writeln!(out, "# HELP {name} {what}\n# TYPE {name} {kind}");
}

fn line(out: &mut String, name: &str, labels: &str, value: u64) {
    let _ = writeln!(out, "{name}{labels} {value}");
}

fn histogram(out: &mut String, name: &str, what: &str, histogram: &Histogram) {
    head(out, name, "histogram", what);
    let counts = histogram.cumulative();
    let bounds = BOUNDS.iter().map(|micros| seconds(*micros)).chain(["+Inf".to_owned()]);
    for (bound, count) in bounds.zip(counts) {
        line(out, &format!("{name}_bucket"), &format!("{{le=\"{bound}\"}}"), count);
    }
    let _ = writeln!(out, "{name}_sum {}", histogram.sum().as_secs_f64());
    line(out, &format!("{name}_count"), "", counts[BOUNDS.len()]);
}

fn seconds(micros: u64) -> String {
    format!("{}", std::time::Duration::from_micros(micros).as_secs_f64())
}
