"""Bytes that do not follow a message's schema, or a value that its schema cannot carry.

Kafka: org.apache.kafka.common.protocol.types.SchemaException
"""


class SchemaException(Exception):
    """A message cannot be read or written; the text says which part and why."""
