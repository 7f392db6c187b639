-- What releases may reach outside, and the secrets of organisations: sealed by the host's key, never in the clear.
ALTER TABLE release ADD COLUMN egress_json TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(egress_json));

-- A row stays when its secret is removed, without what was sealed.
CREATE TABLE secret (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    key_version INTEGER NOT NULL CHECK (key_version >= 1),
    nonce BLOB CHECK (length(nonce) = 24),
    sealed BLOB,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    UNIQUE (organisation, name),
    CHECK ((nonce IS NULL) = (sealed IS NULL))
) STRICT;
