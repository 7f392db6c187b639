//! One binary that hosts APIs sold to the public.

pub mod build;
