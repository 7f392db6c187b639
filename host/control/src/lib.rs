//! The control plane: REST under /v1, health and readiness.
