"""Kafka's messages on the wire, from Kafka's own schemas."""
