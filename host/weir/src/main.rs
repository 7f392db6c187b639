//! One binary that hosts APIs sold to the public.
fn main() {}
