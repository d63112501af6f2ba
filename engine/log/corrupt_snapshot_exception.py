"""A snapshot of producers' state that cannot be right; an older one or the log itself serves.

Kafka: org.apache.kafka.storage.internals.log.CorruptSnapshotException
"""


class CorruptSnapshotException(Exception):
    """The snapshot file is broken: version, size or checksum."""
