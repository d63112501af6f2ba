"""The ways by which a file's bytes can get to a socket.

Kafka: none, because the JDK decides by itself and never lets one choose
"""

from enum import StrEnum


class TransferMode(StrEnum):
    """``auto`` takes the best that works, as the JDK does; the others are forced."""

    AUTO = "auto"
    SENDFILE = "sendfile"
    MMAP = "mmap"
    READ_WRITE = "read-write"
    SPLICE = "splice"
