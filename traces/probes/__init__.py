"""One probe a module beside its pure parser: whatever can tell what a process did."""
