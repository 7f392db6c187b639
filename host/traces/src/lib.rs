//! What calls left behind to read: logs and state events, bounded by bytes.
