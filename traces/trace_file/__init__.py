"""The trace file: versioned, compressed, readable up to any cut."""
