//! The settings of a run and where each comes from: flags, then the environment, then
//! `.aitk.toml` at the project root, then the user's own `projects.toml` and `config.toml`, then
//! defaults.
//!
//! [`resolve`] is pure; only [`load`], [`find_root`] and [`Environment::read`] look around.

mod environment;
mod files;
mod place;
mod registry;

use std::path::{Path, PathBuf};

pub use environment::{Environment, URL_VARIABLES};
pub use files::Offline;
use files::{ProjectFile, UserFile};
pub use place::{Dirs, find_root, home, is_root, nearest_root};
pub use registry::{Entry, REGISTRY_FILE, Registry, common_folder, is_registered};
pub use registry::{with as with_entry, without as without_entry};

use crate::error::{Error, Kind, Result};

/// The committed file that makes a folder a project.
pub const PROJECT_FILE: &str = ".aitk.toml";
/// Asked where nothing names a server.
const DEFAULT_URL: &str = "http://localhost:3001";
/// Where the docs go unless told otherwise.
const DEFAULT_MIRROR: &str = ".docs";

/// What a run goes by.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// The server's address, as it was given.
    pub url: String,
    /// Who gave it.
    pub url_from: Source,
    /// The project's id or slug; `None` also where two places disagree.
    pub project: Option<String>,
    /// What the environment and `.aitk.toml` say, where they name different projects.
    pub disagreement: Option<(String, String)>,
    /// Where the docs go, relative to the root.
    pub mirror: PathBuf,
    /// More trees that no agent may change, relative to the root.
    pub protect: Vec<PathBuf>,
    /// Whether the copy may stand in for the server.
    pub offline: Offline,
    /// Whether the user allows plain http to other machines.
    pub insecure_http: bool,
    /// Whether there is a `.aitk.toml`.
    pub has_project_file: bool,
    /// What to tell the user: unknown fields.
    pub warnings: Vec<String>,
}

/// Where a setting came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// `.aitk.toml`, which a cloned repository brings along.
    ProjectFile,
    /// An agent's settings, which a cloned repository brings along; they set a hook's environment.
    AgentSettings,
    /// The user's own list of projects.
    UserProjects,
    /// The user's own config.
    UserConfig,
    /// Nowhere.
    Default,
}

impl Source {
    /// The place, for people.
    pub fn name(self) -> &'static str {
        match self {
            Source::Flag => "the command line",
            Source::Environment => "the environment",
            Source::ProjectFile => PROJECT_FILE,
            Source::AgentSettings => "the repository's settings for its agent",
            Source::UserProjects => "your projects.toml",
            Source::UserConfig => "your config.toml",
            Source::Default => "the default",
        }
    }
}

/// What the command line says.
#[derive(Clone, Copy, Default, Debug)]
pub struct Flags<'a> {
    /// `--url`.
    pub url: Option<&'a str>,
    /// `--project`.
    pub project: Option<&'a str>,
}

/// Reads the files and decides every setting.
pub fn load(root: &Path, flags: Flags<'_>, environment: &Environment, dirs: &Dirs) -> Result<Config> {
    let project_file = root.join(PROJECT_FILE);
    let user_file = dirs.config.join("config.toml");
    resolve(
        flags,
        environment,
        (&project_file, files::read(&project_file)?.as_deref()),
        || registered(root),
        (&user_file, files::read(&user_file)?.as_deref()),
    )
}

/// What the user registered of the project in `root`.
pub fn registered(root: &Path) -> Result<Option<Entry>> {
    let registry = Registry::of_user().map_err(|why| Error::new(Kind::NotFound, why))?;
    Ok(registry.find(root).cloned())
}

/// Decides every setting; the files come as their names and texts. What the user registered is asked
/// for where `.aitk.toml` leaves something open.
pub fn resolve(
    flags: Flags<'_>,
    environment: &Environment,
    (project_path, project_text): (&Path, Option<&str>),
    registered: impl FnOnce() -> Result<Option<Entry>>,
    (user_path, user_text): (&Path, Option<&str>),
) -> Result<Config> {
    let mut warnings = Vec::new();
    let project: ProjectFile = files::parse(project_path, project_text, &mut warnings)?;
    let user: UserFile = files::parse(user_path, user_text, &mut warnings)?;

    let is_open = project.url.is_none() || project.project.is_none();
    let (own_url, own_project) = match is_open.then(registered).transpose()?.flatten() {
        Some(entry) => (Some(entry.url), Some(entry.project)),
        None => (None, None),
    };

    let (url_from, url) = [
        (Source::Flag, flags.url.map(str::to_owned)),
        (Source::Environment, environment.url.clone()),
        (Source::ProjectFile, project.url),
        (Source::UserProjects, own_url),
        (Source::UserConfig, user.url),
    ]
    .into_iter()
    .find_map(|(from, url)| Some((from, url?)))
    .unwrap_or((Source::Default, DEFAULT_URL.to_owned()));

    let mut disagreement = None;
    let project_id = match (flags.project, &environment.project, project.project) {
        (Some(flag), _, _) => Some(flag.to_owned()),
        (None, Some(env), Some(file)) if *env != file => {
            disagreement = Some((env.clone(), file));
            None
        }
        (None, env, file) => file.or_else(|| env.clone()).or(own_project),
    };

    let offline = environment.offline.as_deref().map(Offline::of_environment).transpose()?;
    Ok(Config {
        url,
        url_from,
        project: project_id,
        disagreement,
        mirror: project.mirror.map_or_else(|| DEFAULT_MIRROR.into(), PathBuf::from),
        protect: project.protect.into_iter().map(PathBuf::from).collect(),
        offline: offline.or(project.offline).or(user.offline).unwrap_or_default(),
        insecure_http: user.insecure_http,
        has_project_file: project_text.is_some(),
        warnings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use std::time::Duration;

    fn env(pairs: &[(&str, &str)]) -> Environment {
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Environment::from(|name| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()))
    }

    fn config(flags: Flags<'_>, env: &Environment, project: &str, user: &str) -> Result<Config> {
        resolve(
            flags,
            env,
            (Path::new(".aitk.toml"), Some(project)),
            || Ok(None),
            (Path::new("config.toml"), Some(user)),
        )
    }

    fn project(text: &str) -> Result<Config> {
        config(Flags::default(), &Environment::default(), text, "")
    }

    #[test]
    fn flags_beat_the_environment_beats_the_project_beats_the_user() {
        let flag = Flags { url: Some("http://flag"), project: None };
        let none = Flags::default();
        let both = env(&[("AITK_URL", "http://env"), ("AI_TOOLKIT_PLATFORM_URL", "http://old")]);
        let old = env(&[("AITK_URL", ""), ("AI_TOOLKIT_PLATFORM_URL", "http://old")]);
        let empty = Environment::default();
        let (file, user) = ("url = 'http://file'", "url = 'http://user'");
        for (flags, env, file, user, url, from) in [
            (flag, &both, file, user, "http://flag", Source::Flag),
            (none, &both, file, user, "http://env", Source::Environment),
            (none, &old, file, user, "http://old", Source::Environment),
            (none, &empty, file, user, "http://file", Source::ProjectFile),
            (none, &empty, "", user, "http://user", Source::UserConfig),
            (none, &empty, "", "", DEFAULT_URL, Source::Default),
        ] {
            let config = config(flags, env, file, user).unwrap();
            assert_eq!((config.url.as_str(), config.url_from), (url, from));
        }
    }

    #[test]
    fn what_the_user_registered_counts_where_nothing_nearer_says_otherwise() {
        let entry =
            || Entry { root: "/p".into(), git: None, url: "http://own".into(), project: "own".into() };
        for (env, file, url, project) in [
            (env(&[]), "", "http://own", "own"),
            (env(&[("AITK_PROJECT", "app")]), "", "http://own", "app"),
            (env(&[("AITK_URL", "http://env")]), "", "http://env", "own"),
            (env(&[]), "project = 'web'", "http://own", "web"),
            (env(&[]), "url = 'http://file'\nproject = 'web'", "http://file", "web"),
        ] {
            let (project_file, user_file) = (Path::new(".aitk.toml"), Path::new("config.toml"));
            let config = resolve(
                Flags::default(),
                &env,
                (project_file, Some(file)),
                || Ok(Some(entry())),
                (user_file, Some("url = 'http://user'")),
            );
            let config = config.unwrap();
            assert_eq!((config.url.as_str(), config.project.as_deref()), (url, Some(project)), "{file}");
        }
    }

    #[test]
    fn two_places_that_name_different_projects_disagree_unless_the_flag_decides() {
        let file = "project = 'web'";
        for (flag, env_project, project, disagree) in [
            (None, None, Some("web"), false),
            (None, Some("web"), Some("web"), false),
            (None, Some("app"), None, true),
            (Some("app"), Some("x"), Some("app"), false),
        ] {
            let env = env(&env_project.map(|p| ("AI_TOOLKIT_PROJECT_ID", p)).into_iter().collect::<Vec<_>>());
            let config = config(Flags { url: None, project: flag }, &env, file, "").unwrap();
            assert_eq!(config.project.as_deref(), project);
            assert_eq!(config.disagreement.is_some(), disagree);
        }
        let only_env = config(Flags::default(), &env(&[("AITK_PROJECT", "app")]), "", "").unwrap();
        assert_eq!(only_env.project.as_deref(), Some("app"));
    }

    #[test]
    fn folders_stay_below_the_root() {
        for (text, folder) in [(".docs", ".docs"), ("a/b/", "a/b"), ("./a", "a"), ("ä b", "ä b")] {
            let config = project(&format!("mirror = '{text}'\nprotect = ['{text}', 'x']")).unwrap();
            assert_eq!(config.mirror, Path::new(folder), "{text}");
            assert_eq!(config.protect, [Path::new(folder), Path::new("x")], "{text}");
        }
        for bad in ["", ".", "/", "/x", "..", "a/../b", "../a", ".git", "a/.GIT/x", "a\\b"] {
            for line in [format!("mirror = '{bad}'"), format!("protect = ['a', '{bad}']")] {
                assert_eq!(project(&line).unwrap_err().kind, Kind::NotFound, "{line}");
            }
        }
        assert_eq!(project("").unwrap().mirror, Path::new(".docs"));
    }

    #[test]
    fn a_key_in_a_settings_file_is_an_error_that_does_not_show_it() {
        for text in ["key = 'x1'", "api_key = 'x1'", "apiKey='x1'", "[a]\ntoken = 'x1'", "foo = \"sk_x1\""] {
            let error = project(text).unwrap_err();
            assert!(error.kind == Kind::NotFound && !error.message.contains("x1"), "{text}: {error:?}");
        }
        assert!(project("# key = none\nmirror = 'desk_docs'").is_ok());
    }

    #[test]
    fn unknown_fields_warn_and_wrong_types_fail() {
        assert_eq!(project("colour = 1").unwrap().warnings, [".aitk.toml: unknown field 'colour'"]);
        assert!(project("mirror = 1").is_err());
        assert!(project("mirror").is_err());
    }

    #[test]
    fn the_offline_policy_is_a_word_or_an_age() {
        let day = Offline::MaxAge(Duration::from_secs(86_400));
        for (env_says, file, user, offline) in [
            (None, "", "", Offline::Allow),
            (None, "offline = '1d'", "offline = 'deny'", day),
            (None, "", "offline = 'deny'", Offline::Deny),
            (Some("deny"), "offline = '1d'", "", Offline::Deny),
        ] {
            let env = env(&env_says.map(|v| ("AITK_OFFLINE", v)).into_iter().collect::<Vec<_>>());
            assert_eq!(config(Flags::default(), &env, file, user).unwrap().offline, offline);
        }
        assert!(project("offline = 'sometimes'").is_err());
    }
}
