"""A ring of fixed records in shared memory: a process under study writes, the recorder reads."""
