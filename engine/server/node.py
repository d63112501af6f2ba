"""The broker as clients know it: a number and where to connect.

System calls: none.

Kafka: org.apache.kafka.common.Node
"""

from typing import NamedTuple


class Node(NamedTuple):
    """Number, host and port of a broker."""

    id: int
    host: str
    port: int
