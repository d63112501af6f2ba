"""Records and batches: bytes in, values out."""
