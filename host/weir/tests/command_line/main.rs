//! The real binary, on folders of its own: first start, later starts, what stops a start, and the commands beside it.

mod host;
mod start;
mod stops;
mod words;
