"""Ranges of versions as the message schemas write them: ``0-8``, ``3+``, ``7``, ``none``.

System calls: none.

Kafka: none, because Kafka's own (o.a.k.message.Versions) runs when Kafka is built, not in a broker
"""

from collections.abc import Iterator
from dataclasses import dataclass

# A version is an int16 on the wire, so this one stands for "and all later ones".
OPEN_END = 32767


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Versions from ``lowest`` to ``highest``, both included; empty if ``highest < lowest``."""

    lowest: int
    highest: int

    @classmethod
    def parse(cls, text: str | None) -> "VersionRange":
        """The range that a schema's text means; absent means ``none``."""
        if text is None or text == "none":
            return NO_VERSIONS
        if text.endswith("+"):
            return cls(int(text[:-1]), OPEN_END)
        lowest, dash, highest = text.partition("-")
        return cls(int(lowest), int(highest if dash else lowest))

    def __contains__(self, version: int) -> bool:
        return self.lowest <= version <= self.highest

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.lowest, self.highest + 1))

    def __str__(self) -> str:
        return f"{self.lowest}-{self.highest}"


NO_VERSIONS = VersionRange(0, -1)
