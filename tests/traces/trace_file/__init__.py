"""Tests of traces.trace_file."""
