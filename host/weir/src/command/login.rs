//! `weir login` and `weir logout`: hosts on other machines, with their tokens.

use std::io::Read as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::cli::Session;
use crate::client::{Client, check_scheme};
use crate::output::complain;
use crate::profile::{Profile, USUAL};

/// The longest token that is read.
const TOKEN_MAX: u64 = 4_096;

/// The arguments of `weir login`.
#[derive(Debug, clap::Args)]
pub(crate) struct Login {
    /// The control plane's URL, such as `https://weir.example:8081`; without it, the known hosts are listed
    url: Option<String>,
    /// The data plane's URL, for `weir call`
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
}

/// One known host, for `--json`. Tokens are not shown.
#[derive(serde::Serialize)]
struct Known {
    profile: String,
    control: String,
    gateway: Option<String>,
    current: bool,
}

impl Login {
    /// Tries the token and stores it.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let mut profiles = session.profiles.read()?;
        let Some(url) = &self.url else {
            let all: Vec<Known> =
                profiles.all().map(|(name, profile)| known(name, profile, profiles.current.as_deref())).collect();
            session.output.document(&all)?;
            let rows = all.iter().map(|one| {
                let mark = if one.current { "*" } else { "" };
                vec![one.profile.clone(), mark.to_owned(), one.control.clone()]
            });
            session.output.table(&["PROFILE", "USED", "CONTROL"], &rows.collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        };
        let control = url.trim_end_matches('/').to_owned();
        check_scheme(&control)?;
        if let Some(gateway) = &self.gateway {
            check_scheme(gateway)?;
        }
        let token = token(session)?;
        let who: api::Who = Client::of(control.clone(), token.clone()).get("/v1/whoami")?;
        let name = session.profile_name().unwrap_or(USUAL).to_owned();
        let profile = Profile { control, gateway: self.gateway.clone(), token };
        profiles.put(&name, profile.clone());
        session.profiles.write(&profiles)?;
        session.output.document(&known(&name, &profile, profiles.current.as_deref()))?;
        session.output.line(format_args!("{} is the profile {name} now, as {}", profile.control, as_whom(&who)))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn known(name: &str, profile: &Profile, current: Option<&str>) -> Known {
    Known {
        profile: name.to_owned(),
        control: profile.control.clone(),
        gateway: profile.gateway.clone(),
        current: current == Some(name),
    }
}

fn as_whom(who: &api::Who) -> String {
    let role = format!("{:?}", who.role).to_lowercase();
    who.organisation.as_ref().map_or(role.clone(), |organisation| format!("{role} of {}", organisation.name))
}

/// By flag or environment; else asked for on a terminal, unseen; else standard input.
fn token(session: &Session) -> anyhow::Result<String> {
    if let Some(token) = session.given_token() {
        return Ok(token);
    }
    let terminal = console::Term::stderr();
    let text = if terminal.is_term() {
        complain(format_args!("The token (it is not shown):"));
        terminal.read_secure_line().context("could not read the token")?
    } else {
        let mut text = String::new();
        let read = std::io::stdin().lock().take(TOKEN_MAX).read_to_string(&mut text);
        read.context("could not read the token from standard input")?;
        text
    };
    match text.trim() {
        "" => bail!("no token: pass --token, set WEIR_TOKEN, or write it to standard input"),
        token => Ok(token.to_owned()),
    }
}

/// The arguments of `weir logout`.
#[derive(Debug, clap::Args)]
pub(crate) struct Logout {}

impl Logout {
    /// Forgets a profile: the one that is named, or that is used.
    #[expect(clippy::unused_self, reason = "as every command")]
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let mut profiles = session.profiles.read()?;
        let name = session.profile_name().map(str::to_owned).or_else(|| profiles.current.clone());
        let Some(name) = name else { bail!("no profile is in use: name one with --profile") };
        profiles.get(&name)?;
        profiles.forget(&name);
        session.profiles.write(&profiles)?;
        session.output.line(format_args!("{name} is forgotten; its token is still valid at its host"))?;
        Ok(ExitCode::SUCCESS)
    }
}
