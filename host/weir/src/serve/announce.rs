//! What the host says when it is up, and the operator's token.

use anyhow::Context as _;
use catalog::{Actor, Catalog, NewToken, Role};
use types::SecretKey;

use crate::cli::Session;
use crate::folder::{Addresses, Folder, write_private};

/// Makes the operator's token and writes it for the local command line, unless the file has a valid one. The first
/// start is the usual case; a file that was deleted is the other.
pub(super) async fn ensure_operator_token(folder: &Folder, catalog: &Catalog) -> anyhow::Result<Option<SecretKey>> {
    let path = folder.operator_token();
    match std::fs::read_to_string(&path) {
        Ok(text) if catalog.authenticate_token(text.trim()).is_some() => return Ok(None),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("could not read {}", path.display())),
    }
    let made = catalog.create_token(Actor::Host, NewToken::full(Role::Operator)).await;
    let (_, secret) = made.context("could not make the operator's token")?;
    let line = format!("{}\n", secret.reveal());
    write_private(&path, line.as_bytes()).with_context(|| format!("could not write {}", path.display()))?;
    Ok(Some(secret))
}

/// What is said, for `--json`.
#[derive(serde::Serialize)]
struct Up<'a> {
    data: String,
    gateway: &'a str,
    control: &'a str,
    operator_token: Option<&'a str>,
}

/// Says where the host is, and, once, the operator's token.
pub(super) fn announce(session: &Session, addresses: &Addresses, token: Option<&SecretKey>) -> anyhow::Result<()> {
    let (folder, output) = (&session.folder, session.output);
    output.document(&Up {
        data: folder.path().display().to_string(),
        gateway: &addresses.gateway,
        control: &addresses.control,
        operator_token: token.map(SecretKey::reveal),
    })?;
    output.line(format_args!("weir {} is up", env!("CARGO_PKG_VERSION")))?;
    output.line(format_args!("  gateway        {}   (consumers call /<api>/<path>)", addresses.gateway))?;
    output.line(format_args!("  control        {}   (operators and providers)", addresses.control))?;
    output.line(format_args!("  data           {}", folder.path().display()))?;
    output.line(format_args!("  configuration  {}", folder.host_toml().display()))?;
    if let Some(token) = token {
        output.line(format_args!("  operator token {}", token.reveal()))?;
        output.line(format_args!(
            "                 It is shown this once, and kept in {} for the command line on this machine.",
            folder.operator_token().display()
        ))?;
        output.line(format_args!(
            "  Keep a copy of {} apart from your backups: what it encrypts cannot be read without it.",
            folder.join("host.key").display()
        ))?;
    }
    tracing::info!(gateway = addresses.gateway, control = addresses.control, "the host is up");
    Ok(())
}
