-- What the host lets the release's component use, by name.
ALTER TABLE release ADD COLUMN grants_json TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(grants_json));
