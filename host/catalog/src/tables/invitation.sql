-- Version 10: invitations, by which somebody without a token makes an organisation of his own, once.
CREATE TABLE invitation (
    id TEXT PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    expires_us INTEGER NOT NULL,
    revoked TEXT,
    organisation TEXT REFERENCES organisation (id),
    created_us INTEGER NOT NULL
) STRICT;
