//! Who and what: organisations, APIs, releases, plans, keys.
