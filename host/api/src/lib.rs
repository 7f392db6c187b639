//! Request and response types of the control plane, and problem documents. No logic.
