"""Delayed operations: requests that wait for a condition instead of a clock."""
