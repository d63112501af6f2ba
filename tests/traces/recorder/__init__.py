"""Tests of traces.recorder."""
