//! Admission, settlement, audit: usage.db.
