//! opencode's plugin, as text. The whole file is ours.

use super::settings::Wish;
use crate::agents::Dialect;

const TEMPLATE: &str = include_str!("plugin.js");

/// The plugin. A file that is not ours is an error.
pub fn with(text: &str, agent: &dyn Dialect, wish: &Wish) -> Result<String, String> {
    if !text.is_empty() && !is_ours(text) {
        return Err("it is not the plugin that `aitk init` writes".to_owned());
    }
    let [start, prompt, tool, done, ..] = agent.setup().hooks else {
        return Err("a plugin needs four hooks".to_owned());
    };
    let program = serde_json::to_string(&wish.program).map_err(|error| error.to_string())?;
    let text = TEMPLATE.replace("\"@AITK@\"", &program).replace("@STRICT@", &wish.strict.to_string());
    let times = [("@START@", start), ("@PROMPT@", prompt), ("@TOOL@", tool), ("@DONE@", done)];
    Ok(times.into_iter().fold(text, |text, (name, hook)| text.replace(name, &hook.timeout.to_string())))
}

/// No file, if it is ours.
pub fn without(text: &str) -> String {
    if is_ours(text) { String::new() } else { text.to_owned() }
}

fn is_ours(text: &str) -> bool {
    text.lines().next() == TEMPLATE.lines().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::named;

    #[test]
    fn the_plugin_is_whole_the_same_each_time_and_goes_again() {
        let opencode = named("opencode").unwrap();
        for strict in [false, true] {
            let wish = Wish { program: "/a \"b\"/aitk".into(), strict, mirror: ".docs".into() };
            let text = with("", opencode, &wish).unwrap();
            assert!(!text.contains('@') && text.contains(r#"const AITK = "/a \"b\"/aitk""#), "{text}");
            assert_eq!(with(&text, opencode, &wish).unwrap(), text);
            assert_eq!(without(&text), "");
        }
        assert!(
            with(
                "export const mine = 1\n",
                opencode,
                &Wish { program: "aitk".into(), strict: true, mirror: ".docs".into() }
            )
            .is_err()
        );
        assert_eq!(without("export const mine = 1\n"), "export const mine = 1\n");
    }
}
