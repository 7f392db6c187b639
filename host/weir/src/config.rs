//! The operator's configuration: `<data>/host.toml`, and the few variables of the environment.
//!
//! One section, one file, one struct. An unknown key stops the start: a setting that is mistyped must not be silently
//! absent. Nothing else in the workspace reads a configuration file or the environment.

mod aws;
mod control;
mod egress;
mod environment;
mod executions;
mod gateway;
mod ledger;
mod log;
mod mail;
mod objects;
mod otel;
mod runtime;
mod sandbox;
mod tls;
mod traces;
mod webhooks;

use std::path::Path;

use anyhow::Context as _;

pub(crate) use self::aws::AwsSection;
pub(crate) use self::control::ControlSection;
pub(crate) use self::egress::EgressSection;
pub(crate) use self::environment::Environment;
pub(crate) use self::executions::ExecutionsSection;
pub(crate) use self::gateway::GatewaySection;
pub(crate) use self::ledger::LedgerSection;
pub(crate) use self::log::{LogFormat, LogSection};
pub(crate) use self::mail::MailSection;
pub(crate) use self::objects::ObjectsSection;
pub(crate) use self::otel::{Otel, Sampler};
pub(crate) use self::runtime::RuntimeSection;
pub(crate) use self::sandbox::SandboxSection;
pub(crate) use self::tls::TlsTable;
pub(crate) use self::traces::TracesSection;
pub(crate) use self::webhooks::WebhooksSection;

/// What the first start writes: every key with its default, and what it means.
const TEMPLATE: &str = include_str!("config/host.toml");

/// All of `host.toml`. A section or key that is absent has the value that the template shows.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HostToml {
    /// The data plane.
    pub(crate) gateway: GatewaySection,
    /// The control plane.
    pub(crate) control: ControlSection,
    /// Threads of the host itself.
    pub(crate) runtime: RuntimeSection,
    /// Where components run.
    pub(crate) sandbox: SandboxSection,
    /// Where components may send requests.
    pub(crate) egress: EgressSection,
    /// Services of AWS, or what stands in for them.
    pub(crate) aws: AwsSection,
    /// How many executions run, and how long they are kept.
    pub(crate) executions: ExecutionsSection,
    /// What organisations may keep for distributed Maps.
    pub(crate) objects: ObjectsSection,
    /// Where the host reports to.
    pub(crate) webhooks: WebhooksSection,
    /// Who takes its mail.
    pub(crate) mail: MailSection,
    /// What is kept of calls.
    pub(crate) ledger: LedgerSection,
    /// What is kept of logs.
    pub(crate) traces: TracesSection,
    /// The host's own log.
    pub(crate) log: LogSection,
}

impl HostToml {
    /// Reads `path`, which must be there.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not valid, so the host does not start", path.display()))
    }

    /// Writes the template to `path` unless a file is there; says whether it did.
    pub(crate) fn write_template(path: &Path) -> anyhow::Result<bool> {
        let made = std::fs::OpenOptions::new().write(true).create_new(true).open(path).and_then(|mut file| {
            use std::io::Write as _;
            file.write_all(TEMPLATE.as_bytes())
        });
        match made {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error).with_context(|| format!("could not write {}", path.display())),
        }
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_shows_the_defaults() {
        assert_eq!(HostToml::parse(TEMPLATE).unwrap(), HostToml::default());
    }

    #[test]
    fn the_examples_in_the_template_are_valid() {
        let lines: Vec<&str> = TEMPLATE.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(example) = line.strip_prefix("#: ") else { continue };
            let section = lines[..index].iter().rev().find(|line| line.starts_with('[')).unwrap();
            let parsed = HostToml::parse(&format!("{section}\n{example}\n"));
            assert!(parsed.is_ok(), "{example}: {parsed:?}");
        }
    }

    #[test]
    fn the_configuration_of_the_container_is_valid_and_reachable_from_outside() {
        let config = HostToml::parse(include_str!("../../../packaging/host.toml")).unwrap();
        assert!(config.gateway.listen.ip().is_unspecified() && config.control.listen.ip().is_unspecified());
        assert_eq!((config.gateway.listen.port(), config.control.listen.port()), (8080, 8081));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = HostToml::parse("[gateway]\nlissen = \"127.0.0.1:1\"\n").unwrap_err().to_string();
        assert!(error.contains("lissen") && error.contains("line 2") && error.contains("listen"), "{error}");
    }

    #[test]
    fn an_unknown_section_is_named() {
        let error = HostToml::parse("[gatway]\n").unwrap_err().to_string();
        assert!(error.contains("gatway"), "{error}");
    }
}
