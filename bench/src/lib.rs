//! The floor that the host is measured against, and the load.
