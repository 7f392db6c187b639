-- Credentials for clients of AWS: verifying what they sign takes the secret itself, so it is sealed by the host's key.
CREATE TABLE aws_credential (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    key_version INTEGER NOT NULL CHECK (key_version >= 1),
    nonce BLOB NOT NULL CHECK (length(nonce) = 24),
    sealed BLOB NOT NULL,
    created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX aws_credential_by_organisation ON aws_credential (organisation);
