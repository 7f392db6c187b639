//! The ledger through its door, on real files.

#[path = "stories/admission.rs"]
mod admission;
#[path = "stories/book.rs"]
mod book;
#[path = "stories/chain.rs"]
mod chain;
#[path = "stories/retention.rs"]
mod retention;
#[path = "stories/settlement.rs"]
mod settlement;
#[path = "stories/streams.rs"]
mod streams;
#[path = "stories/views.rs"]
mod views;
