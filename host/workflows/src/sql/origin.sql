-- What whoever began an execution for somebody else wants to be handed back with its tasks, and when it is asked for; a
-- text of its own. NULL for executions that were started by an operation. Their names are told apart everywhere.
ALTER TABLE execution ADD COLUMN origin TEXT;
CREATE UNIQUE INDEX execution_begun ON execution(name) WHERE origin IS NOT NULL;
