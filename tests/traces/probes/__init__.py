"""Tests of traces.probes."""
