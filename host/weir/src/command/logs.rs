//! `weir logs`: what components wrote, of one call or as it comes.

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use types::CallId;

use crate::cli::Session;
use crate::client::Client;
use crate::output::{Output, complain, write_out};

/// How often a follower asks.
const ASK: Duration = Duration::from_secs(1);
/// How many calls a follower looks at each time; of more that came meanwhile it tells how many it left out.
const CALLS_MAX: u32 = 50;

/// The arguments of `weir logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Logs {
    /// The call's id, which the consumer read in `X-Request-Id`
    call: Option<CallId>,
    /// Go on with what is written from now on, until interrupted
    #[arg(short, long, conflicts_with = "call", requires = "api")]
    follow: bool,
    /// With --follow: of which API, by its slug
    #[arg(long, value_name = "SLUG", requires = "follow")]
    api: Option<String>,
}

impl Logs {
    /// Shows them.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let (client, output) = (session.client()?, session.output);
        match (self.call, &self.api) {
            (Some(call), _) => {
                let logs: api::CallLogs = client.get(&format!("/v1/calls/{call}/logs"))?;
                output.document(&logs)?;
                if logs.lines.is_empty() {
                    output.line("The component wrote nothing, or its lines are no longer kept.")?;
                }
                for line in &logs.lines {
                    output.line(format_args!("{:<7} {}", line.stream, line.text))?;
                }
                Ok(ExitCode::SUCCESS)
            }
            (None, Some(slug)) => follow(&client, output, slug),
            (None, None) => bail!("name a call, or follow an API: weir logs --follow --api SLUG"),
        }
    }
}

/// Shows the lines of each call that ends from now on, with its id; in JSON, a document in a line.
fn follow(client: &Client, output: Output, slug: &str) -> anyhow::Result<ExitCode> {
    let query = [("api", slug.to_owned()), ("limit", CALLS_MAX.to_string())];
    let mut known: Option<HashSet<String>> = None;
    loop {
        let page: api::Page<api::Call> = client.get_with("/v1/calls", &query)?;
        let ended = || page.items.iter().filter(|call| call.outcome.is_some());
        if let Some(known) = &known {
            // The newest come first.
            let fresh: Vec<&api::Call> = ended().filter(|call| !known.contains(&call.id)).collect();
            for call in fresh.iter().rev() {
                let logs: api::CallLogs = client.get(&format!("/v1/calls/{}/logs", call.id))?;
                show(output, &logs)?;
            }
            if page.next.is_some() && fresh.len() == page.items.len() {
                complain(format_args!("more than {CALLS_MAX} calls in a second: some were left out"));
            }
        }
        known = Some(ended().map(|call| call.id.clone()).collect());
        std::thread::sleep(ASK);
    }
}

fn show(output: Output, logs: &api::CallLogs) -> anyhow::Result<()> {
    for line in &logs.lines {
        match output {
            Output::Json => {
                let document =
                    serde_json::json!({ "call": logs.call, "at": line.at, "stream": line.stream, "text": line.text });
                write_out(format_args!("{document}\n"))?;
            }
            Output::Lines => {
                write_out(format_args!("{} {} {:<7} {}\n", line.at, logs.call, line.stream, line.text))?;
            }
        }
    }
    Ok(())
}
