-- Which runs of a release's workflow are kept to be looked at.
ALTER TABLE release ADD COLUMN traced_json TEXT NOT NULL DEFAULT '{"keep":"failed"}' CHECK (json_valid(traced_json));
