"""Processes and probes in, a trace file out."""
