"""Any moment of a trace, reachable from either side."""
