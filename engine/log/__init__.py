"""Segments, indexes and the log made of them."""
