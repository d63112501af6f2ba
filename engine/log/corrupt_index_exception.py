"""An index that does not fit its segment; it is rebuilt from the log.

Kafka: org.apache.kafka.storage.internals.log.CorruptIndexException
"""


class CorruptIndexException(Exception):
    """The index file cannot be right."""
