//! The data plane: from a socket to a response.
