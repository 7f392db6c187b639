-- Version 8: what a control token may do within its role, and when it ends by itself.
ALTER TABLE token ADD COLUMN scopes_json TEXT NOT NULL DEFAULT '["read","publish","manage"]' CHECK (json_valid(scopes_json));
ALTER TABLE token ADD COLUMN expires_us INTEGER;
