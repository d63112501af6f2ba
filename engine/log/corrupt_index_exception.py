"""An index that does not fit its segment; it is rebuilt from the log.

Kafka: org.apache.kafka.storage.internals.log.CorruptIndexException
"""


class CorruptIndexException(Exception):  # noqa: N818 - the name is Kafka's
    """The index file cannot be right."""
