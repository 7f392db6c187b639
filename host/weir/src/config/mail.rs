//! `[mail]`: the server that takes the host's mail.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use delivery::MailServer;
use types::SecretValue;

/// The section `[mail]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MailSection {
    /// The server, such as `smtps://mail.example.com`. No mail when absent.
    pub(crate) smtp: Option<String>,
    /// Whom mail comes from.
    pub(crate) from: Option<String>,
    /// Who signs in there. Nobody when absent.
    pub(crate) user: Option<String>,
    /// The file whose first line is the password, relative to the data folder; else `WEIR_MAIL_PASSWORD` is.
    pub(crate) password_file: Option<PathBuf>,
    /// Certificates in PEM that are trusted beside the public ones; relative to the data folder.
    pub(crate) ca_file: Option<PathBuf>,
}

impl MailSection {
    /// The server, if there is one. `password`: what the environment says.
    pub(crate) fn server(&self, folder: &Path, password: Option<&str>) -> anyhow::Result<Option<MailServer>> {
        let Some(url) = &self.smtp else { return Ok(None) };
        let (host, port, security) = MailServer::parse(url).context("mail.smtp")?;
        let Some(from) = self.from.clone() else {
            bail!("mail.from is missing: the address that mail comes from, such as \"Weir <weir@example.com>\"");
        };
        let read = |file: &PathBuf, key: &str| {
            let path = folder.join(file);
            std::fs::read(&path).with_context(|| format!("could not read {key}, {}", path.display()))
        };
        let credentials = match &self.user {
            None => None,
            Some(user) => {
                let password = match (&self.password_file, password) {
                    (Some(file), _) => first_line(&read(file, "mail.password_file")?)?,
                    (None, Some(password)) => SecretValue::new(password.to_owned()),
                    (None, None) => bail!("mail.user needs mail.password_file, or WEIR_MAIL_PASSWORD"),
                };
                Some((user.clone(), password))
            }
        };
        let extra_roots = self.ca_file.as_ref().map(|file| read(file, "mail.ca_file")).transpose()?;
        Ok(Some(MailServer { host, port, security, credentials, from, extra_roots }))
    }
}

fn first_line(bytes: &[u8]) -> anyhow::Result<SecretValue> {
    let text = std::str::from_utf8(bytes).context("mail.password_file is not text")?;
    Ok(SecretValue::new(text.lines().next().unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_needs_a_sender_and_a_user_a_password() {
        let folder = tempfile::tempdir().unwrap();
        let said = |text: &str, password| {
            let section: MailSection = toml::from_str(text).unwrap();
            section.server(folder.path(), password).map(|server| server.is_some()).map_err(|error| format!("{error:#}"))
        };
        assert_eq!(said("", None), Ok(false));
        let plain = "smtp = \"smtps://mail.example.com\"\nfrom = \"weir@example.com\"\n";
        assert_eq!(said(plain, None), Ok(true));
        assert!(said("smtp = \"smtps://mail.example.com\"", None).unwrap_err().contains("mail.from"));
        assert!(said("smtp = \"mail.example.com\"", None).unwrap_err().contains("smtps://host:465"));
        let signed = format!("{plain}user = \"weir\"\n");
        assert!(said(&signed, None).unwrap_err().contains("WEIR_MAIL_PASSWORD"));
        assert_eq!(said(&signed, Some("s3cr3t")), Ok(true));
        let of_file = format!("{signed}password_file = \"mail.password\"\n");
        assert!(said(&of_file, None).unwrap_err().contains("could not read mail.password_file"));
        std::fs::write(folder.path().join("mail.password"), "s3cr3t\n").unwrap();
        assert_eq!(said(&of_file, None), Ok(true));
    }
}
