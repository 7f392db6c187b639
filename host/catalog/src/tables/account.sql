-- Version 3: the twelve digits by which the names of state machines and executions know an organisation.
ALTER TABLE organisation ADD COLUMN account TEXT CHECK (length(account) = 12 AND account NOT GLOB '*[^0-9]*');
UPDATE organisation SET account = printf('%012d', abs(random() % 1000000000000));
CREATE UNIQUE INDEX organisation_account ON organisation (account);
