//! The ssh program that git starts: no user's settings, agent or password, one lent key, one address.

use std::io::Write;
use std::net::IpAddr;
use std::path::Path;

use aitk_shared::limits;
use aitk_shared::repo::RepoUrl;
use tempfile::NamedTempFile;

use super::GitError;

/// How files with a lent key begin, in the folder of repositories.
pub(super) const KEY_PREFIX: &str = ".key-";

/// A file for the eyes of this user alone, gone when it is dropped.
pub(super) fn key_file(folder: &Path, key: &str) -> Result<NamedTempFile, GitError> {
    let write = || {
        let mut file = tempfile::Builder::new().prefix(KEY_PREFIX).tempfile_in(folder)?;
        file.write_all(key.replace("\r\n", "\n").as_bytes())?;
        file.write_all(b"\n")?;
        file.flush()?;
        Ok(file)
    };
    write().map_err(|error: std::io::Error| GitError::Failed(format!("cannot lend ssh its key: {error}")))
}

/// What git gives to `sh`. A host's key is remembered at first sight.
pub(super) fn command(
    url: &RepoUrl,
    address: Option<IpAddr>,
    known_hosts: &Path,
    identity: Option<&Path>,
) -> String {
    let file = |path: &Path| format!("\"{}\"", path.display().to_string().replace('%', "%%"));
    let alias = match url.port() {
        Some(22) | None => url.host().to_owned(),
        Some(port) => format!("[{}]:{port}", url.host()),
    };
    let mut options = vec![
        "BatchMode=yes".to_owned(),
        "StrictHostKeyChecking=accept-new".into(),
        format!("UserKnownHostsFile={}", file(known_hosts)),
        "GlobalKnownHostsFile=none".into(),
        format!("HostKeyAlias={alias}"),
        "CheckHostIP=no".into(),
        "UpdateHostKeys=no".into(),
        "IdentitiesOnly=yes".into(),
        "IdentityAgent=none".into(),
        format!("IdentityFile={}", identity.map_or("none".into(), file)),
        "PreferredAuthentications=publickey".into(),
        "ControlMaster=no".into(),
        "ControlPath=none".into(),
        "ClearAllForwardings=yes".into(),
        "ForwardAgent=no".into(),
        "PermitLocalCommand=no".into(),
        "ProxyCommand=none".into(),
        "LogLevel=ERROR".into(),
        format!("ConnectTimeout={}", limits::GIT_SSH_CONNECT.as_secs()),
        "ServerAliveInterval=15".into(),
        "ServerAliveCountMax=4".into(),
    ];
    if let Some(address) = address {
        options.push(format!("HostName={address}"));
    }
    let quoted = |option: String| format!(" -o '{}'", option.replace('\'', "'\\''"));
    format!("ssh -F none{}", options.into_iter().map(quoted).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_gets_the_checked_address_and_no_setting_of_a_user() {
        let url = RepoUrl::parse("ssh://git@git.example.com:2222/x").unwrap();
        let (hosts, key) = (Path::new("/data/it's 5%/.known_hosts"), Path::new("/tmp/key"));
        let command = command(&url, Some("140.82.121.3".parse().unwrap()), hosts, Some(key));
        for part in [
            "ssh -F none ",
            "'HostName=140.82.121.3'",
            "'HostKeyAlias=[git.example.com]:2222'",
            "'BatchMode=yes'",
            "'StrictHostKeyChecking=accept-new'",
            "'IdentityFile=\"/tmp/key\"'",
            "'UserKnownHostsFile=\"/data/it'\\''s 5%%/.known_hosts\"'",
        ] {
            assert!(command.contains(part), "{part} in {command}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_lent_key_is_for_this_user_alone_and_goes() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = key_file(folder.path(), "-----BEGIN OPENSSH PRIVATE KEY-----\r\nx\r\n").unwrap();
        let path = file.path().to_owned();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!std::fs::read_to_string(&path).unwrap().contains('\r'));
        drop(file);
        assert!(!path.exists());
    }
}
