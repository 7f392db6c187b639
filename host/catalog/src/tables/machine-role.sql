-- What state machines that an operation has made may reach outside, by the role that they name.
-- A row stays when its role is removed, without what it granted.
CREATE TABLE machine_role (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    egress_json TEXT CHECK (json_valid(egress_json)),
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    UNIQUE (organisation, name)
) STRICT;
