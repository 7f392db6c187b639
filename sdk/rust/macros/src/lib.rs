//! The attribute of weir-sdk.
