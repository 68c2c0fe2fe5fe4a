//! The way to the platform: settings, server, clock, key, and what else the environment decides.

use std::time::Duration;

use aitk_shared::time::humanize;

use super::Finding;
use crate::app::Context;
use crate::config::Offline;
use crate::mirror::state::now;
use crate::output::shown;

/// From here on times in messages mislead; leases are reckoned by the server's clock alone.
const SKEW: Duration = Duration::from_secs(30);
/// The variables that lead requests through a proxy.
const PROXIES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "http_proxy", "NO_PROXY"];

/// Where the settings come from, and what they say.
pub fn settings(context: &Context) -> Finding {
    let config = &context.config;
    let offline = match config.offline {
        Offline::Allow => "a copy of any age may be used".to_owned(),
        Offline::Deny => "no copy may be used".to_owned(),
        Offline::MaxAge(limit) => format!("a copy of up to {} may be used", humanize(limit)),
    };
    let root = context.root.display();
    match context.project() {
        Err(error) => Finding::of("settings", &error),
        Ok(project) => Finding::ok(
            "settings",
            format!(
                "root {root}, project '{}', server {} from {}; out of reach, {offline}",
                shown(project),
                shown(&config.url),
                config.url_from.name()
            ),
        ),
    }
}

/// Asks the server, with the key that a command and a hook would send.
pub async fn examine(context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    let server = match context.server() {
        Ok(server) => server,
        Err(error) => return vec![Finding::of("server", &error)],
    };
    let client = match context.client() {
        Ok(client) => client.with_retries(0),
        Err(error) => return vec![Finding::of("key", &error)],
    };
    match client.health().await {
        Err(error) => return vec![Finding::of("server", &error)],
        Ok(health) => {
            let version = health.version.as_deref().map_or("of an unknown version".into(), shown);
            let took = health.took.as_millis();
            findings
                .push(Finding::ok("server", format!("{server} answers in {took} ms, aitk-server {version}")));
            findings.extend(health.at.map(|at| clock(at.since(now()).max(now().since(at)))));
        }
    }
    findings.extend(network(&server.to_string(), server.is_loopback()));
    findings.push(match context.project() {
        Err(_) => {
            Finding::warn("key", "nothing to try it on: no project", "`aitk init --project ID` names one")
        }
        Ok(id) => match client.project(id).await {
            Err(error) => Finding::of("key", &error),
            Ok(project) => {
                let slug = shown(project.slug.as_str());
                Finding::ok("key", format!("{} is valid for project '{slug}'", key_source(context)))
            }
        },
    });
    findings.extend(hooks_key(context));
    findings
}

fn clock(skew: Duration) -> Finding {
    match skew < SKEW {
        true => Finding::ok("clock", "agrees with the server's"),
        false => Finding::warn(
            "clock",
            format!("differs from the server's by {}", humanize(skew)),
            "set it by the network; leases end by the server's clock, but ages shown here are wrong",
        ),
    }
}

fn key_source(context: &Context) -> &'static str {
    match context.environment.api_key {
        Some(_) => "the key of the environment",
        None => "the stored key",
    }
}

/// A hook trusts the environment less than a person's command does.
fn hooks_key(context: &Context) -> Option<Finding> {
    let error = context.hook_client().err()?;
    Some(Finding { check: "key", ..Finding::of("key", &error) })
}

/// Proxies that are in force; nothing else of the environment changes how the server is reached.
fn network(server: &str, is_loopback: bool) -> Option<Finding> {
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let names: Vec<_> = PROXIES.into_iter().filter(|name| set(name)).collect();
    match (names.is_empty(), is_loopback) {
        (true, _) => None,
        (false, true) => {
            Some(Finding::ok("network", format!("{} set, and not used for {server}", names.join(", "))))
        }
        (false, false) => Some(Finding::ok("network", format!("{} in force", names.join(", ")))),
    }
}
