//! The ledger through its door, on real files.

#[cfg(test)]
#[path = "stories/admission.rs"]
mod admission;
#[cfg(test)]
#[path = "stories/book.rs"]
mod book;
#[cfg(test)]
#[path = "stories/cap.rs"]
mod cap;
#[cfg(test)]
#[path = "stories/chain.rs"]
mod chain;
#[cfg(test)]
#[path = "stories/former.rs"]
mod former;
#[cfg(test)]
#[path = "stories/once.rs"]
mod once;
#[cfg(test)]
#[path = "stories/retention.rs"]
mod retention;
#[cfg(test)]
#[path = "stories/settlement.rs"]
mod settlement;
#[cfg(test)]
#[path = "stories/streams.rs"]
mod streams;
#[cfg(test)]
#[path = "stories/testing.rs"]
mod testing;
#[cfg(test)]
#[path = "stories/views.rs"]
mod views;
