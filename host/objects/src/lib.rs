//! Objects of organisations: files of the host's own folder, by organisation, bucket and key; and what distributed Maps read
//! from them and write there.
//!
//! `control` and the executions of `workflows` put objects there and read them. All of it blocks: callers have threads for
//! that. No name leads out of the folder, no link is followed, and an object is there whole, on disk, or not at all. What an
//! organisation keeps is counted in memory, from one look through its folder after a start. It knows no execution, no token
//! and no network.

mod account;
mod error;
pub mod items;
mod name;
mod owned;
pub mod results;
mod store;
mod walk;
mod writing;

pub use account::{Limits, Used};
pub use error::ObjectError;
pub use name::Name;
pub use owned::{Bucket, Owned, Reading};
pub use store::Objects;
pub use walk::{Listed, each_of};
pub use writing::{Writing, Written};
