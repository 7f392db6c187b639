-- Version 4: when a key was last used, as far as the sums reach.
ALTER TABLE api_key ADD COLUMN last_used_us INTEGER;
