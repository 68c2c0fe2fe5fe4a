//! What the environment says.

/// The names of the server's address.
pub const URL_VARIABLES: [&str; 2] = ["AITK_URL", "AI_TOOLKIT_PLATFORM_URL"];

/// What the environment says; the old names count where the new ones are not set.
/// No `Debug`: it holds a key.
#[derive(Clone, Default, PartialEq)]
pub struct Environment {
    /// `AITK_URL`, `AI_TOOLKIT_PLATFORM_URL`.
    pub url: Option<String>,
    /// `AITK_API_KEY`, `AI_TOOLKIT_API_KEY`.
    pub api_key: Option<String>,
    /// `AITK_PROJECT`, `AI_TOOLKIT_PROJECT_ID`.
    pub project: Option<String>,
    /// `AITK_OFFLINE`.
    pub offline: Option<String>,
    /// `AITK_LOCK_TOKEN`.
    pub lock_token: Option<String>,
}

impl Environment {
    /// Reads this process's environment.
    pub fn read() -> Self {
        Environment::from(|name| std::env::var(name).ok())
    }

    /// Reads an environment; what is empty counts as not set.
    pub fn from(get: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| get(name).filter(|v| !v.trim().is_empty()));
        Environment {
            url: first(&URL_VARIABLES),
            api_key: first(&["AITK_API_KEY", "AI_TOOLKIT_API_KEY"]),
            project: first(&["AITK_PROJECT", "AI_TOOLKIT_PROJECT_ID"]),
            offline: first(&["AITK_OFFLINE"]),
            lock_token: first(&["AITK_LOCK_TOKEN"]),
        }
    }
}
