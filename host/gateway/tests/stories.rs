//! Stories of the data plane: a real listener, real SQLite files, real components.

#[cfg(test)]
#[path = "stories/host.rs"]
mod host;

#[cfg(test)]
#[path = "stories/refusals.rs"]
mod refusals;

#[cfg(test)]
#[path = "stories/calls.rs"]
mod calls;

#[cfg(test)]
#[path = "stories/clients.rs"]
mod clients;

#[cfg(test)]
#[path = "stories/wire.rs"]
mod wire;

#[cfg(test)]
#[path = "stories/streams.rs"]
mod streams;

#[cfg(test)]
#[path = "stories/bugs.rs"]
mod bugs;

#[cfg(test)]
#[path = "stories/repeats.rs"]
mod repeats;

#[cfg(test)]
#[path = "stories/settings.rs"]
mod settings;

#[cfg(test)]
#[path = "stories/workflows.rs"]
mod workflows;

#[cfg(test)]
#[path = "stories/suspension.rs"]
mod suspension;

#[cfg(test)]
#[path = "stories/own.rs"]
mod own;

#[cfg(test)]
#[path = "stories/envelope.rs"]
mod envelope;

#[cfg(test)]
#[path = "stories/executions.rs"]
mod executions;
