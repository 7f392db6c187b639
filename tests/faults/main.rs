//! What the host does when something breaks: processes, disks, files, neighbours.

mod commands;
mod disk;
mod executions;
mod held;
mod kill;
mod quota;
mod repeat;
mod start;
