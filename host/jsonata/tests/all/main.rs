//! The language, as the official implementation speaks it, and its limits.

mod face;
mod limits;
mod official;
mod properties;
