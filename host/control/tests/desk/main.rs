//! The control plane as operators and providers see it, over real rooms in a folder of its own.

mod access;
mod house;
mod publish;
mod refusals;
