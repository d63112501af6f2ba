"""Who asks for an append, which decides how much of it is checked.

Kafka: org.apache.kafka.storage.internals.log.AppendOrigin
"""

from enum import Enum, auto


class AppendOrigin(Enum):
    """REPLICATION covers what is read back from the log: it was accepted once already."""

    REPLICATION = auto()
    COORDINATOR = auto()
    CLIENT = auto()
