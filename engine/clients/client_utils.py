"""Addresses as people type them.

System calls: none.

Kafka: org.apache.kafka.clients.ClientUtils
"""

from typing import NamedTuple


class Address(NamedTuple):
    """Where a broker listens; prints as ``HOST:PORT``."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """The address in ``HOST:PORT``; ValueError with one sentence otherwise."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"{text!r} is not HOST:PORT with a port from 1 to 65535")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))
