-- Version 7: why a thing stands still, and by whose word. Of what stood still before, it was an operator's.
ALTER TABLE api ADD COLUMN suspended_by TEXT CHECK (suspended_by IN ('operator', 'owner'));
UPDATE api SET suspended_by = 'operator' WHERE suspended IS NOT NULL;
ALTER TABLE subscription ADD COLUMN suspended_by TEXT CHECK (suspended_by IN ('operator', 'owner'));
UPDATE subscription SET suspended_by = 'operator' WHERE suspended IS NOT NULL;
ALTER TABLE release ADD COLUMN suspended TEXT;
ALTER TABLE release ADD COLUMN suspended_by TEXT CHECK (suspended_by IN ('operator', 'owner'));
ALTER TABLE plan ADD COLUMN suspended TEXT;
ALTER TABLE plan ADD COLUMN suspended_by TEXT CHECK (suspended_by IN ('operator', 'owner'));
ALTER TABLE app ADD COLUMN suspended TEXT;
ALTER TABLE app ADD COLUMN suspended_by TEXT CHECK (suspended_by IN ('operator', 'owner'));
ALTER TABLE api_key ADD COLUMN suspended TEXT;
ALTER TABLE api_key ADD COLUMN suspended_by TEXT CHECK (suspended_by IN ('operator', 'owner'));
