-- What nothing refers to any more is found by what could.
CREATE INDEX execution_definition ON execution(definition);
CREATE INDEX machine_definition ON machine(definition);
CREATE INDEX machine_version_definition ON machine_version(definition);
CREATE INDEX map_run_definition ON map_run(definition);
CREATE INDEX machine_deleting ON machine(id) WHERE status = 'DELETING';
