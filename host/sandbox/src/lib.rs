//! Untrusted components: checked, compiled apart, bounded, called.
