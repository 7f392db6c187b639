//! `weir workflow graph`: a definition as a drawing.

use std::path::PathBuf;
use std::process::ExitCode;

use asl::{StateKind, StateMachine, StateView};

use super::svg;
use crate::cli::Session;

/// The arguments of `weir workflow graph`.
#[derive(Debug, clap::Args)]
pub(crate) struct Graph {
    /// The definition, JSON or YAML
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What is written
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    format: Format,
}

/// What a drawing is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A picture
    Svg,
    /// Text that Mermaid draws
    Mermaid,
}

impl Graph {
    pub(super) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let machine = super::machine(&self.file)?;
        let text = match self.format {
            Format::Svg => svg::draw(&machine),
            Format::Mermaid => mermaid(&machine),
        };
        super::print(session.output, &text)?;
        session.output.document(&serde_json::json!({ "graph": text }))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A `stateDiagram-v2`, with a composite state for each Parallel and Map.
fn mermaid(machine: &StateMachine) -> String {
    let mut lines = vec!["stateDiagram-v2".to_owned()];
    let names: Vec<&str> = machine.states().map(|state| state.name().as_str()).collect();
    // Names may hold anything; the diagram's own are numbers.
    let id = |state: StateView<'_>| {
        let place = names.iter().position(|name| *name == state.name().as_str());
        format!("s{}", place.unwrap_or_default())
    };
    for state in machine.states() {
        let label = format!("{} ({})", state.name(), state.kind().as_str()).replace('"', "'");
        lines.push(format!("    state \"{label}\" as {}", id(state)));
    }
    lines.extend(machine.start_at().map(|start| format!("    [*] --> {}", id(start))));
    scope(&mut lines, machine, None, &id);
    lines.join("\n")
}

/// The edges of the states directly inside of `parent`, and what is inside of these.
fn scope(
    lines: &mut Vec<String>,
    machine: &StateMachine,
    parent: Option<StateView<'_>>,
    id: &impl Fn(StateView<'_>) -> String,
) {
    let around = |state: Option<StateView<'_>>| state.map(|state| state.name().as_str().to_owned());
    for state in machine.states().filter(|state| around(state.parent()) == around(parent)) {
        let own = id(state);
        lines.extend(state.then().map(|next| format!("    {own} --> {}", id(next))));
        lines.extend(state.caught().map(|next| format!("    {own} --> {} : caught", id(next))));
        if state.ends() || matches!(state.kind(), StateKind::Succeed | StateKind::Fail) {
            lines.push(format!("    {own} --> [*]"));
        }
        let starts: Vec<StateView<'_>> = state.branches().collect();
        if !starts.is_empty() {
            lines.push(format!("    state {own} {{"));
            lines.extend(starts.into_iter().map(|start| format!("    [*] --> {}", id(start))));
            scope(lines, machine, Some(state), id);
            lines.push("    }".to_owned());
        }
    }
}
