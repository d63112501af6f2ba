"""The codecs a batch may be compressed with; the number is bits 0 to 2 of its attributes.

Kafka: org.apache.kafka.common.record.CompressionType
"""

from enum import IntEnum

from engine.common.errors import CorruptRecordException, UnsupportedCompressionTypeException


class CompressionType(IntEnum):
    """A codec by its number on the wire."""

    NONE = 0
    GZIP = 1
    SNAPPY = 2
    LZ4 = 3
    ZSTD = 4

    @property
    def label(self) -> str:
        """Kafka's name of the codec, as in ``compression.type``."""
        return self.name.lower()

    @classmethod
    def for_id(cls, number: int) -> "CompressionType":
        """The codec of a number; CorruptRecordException if there is none."""
        try:
            return cls(number)
        except ValueError:
            raise CorruptRecordException(f"No compression codec has the number {number}") from None

    @classmethod
    def for_name(cls, name: str) -> "CompressionType":
        """The codec of a name; UnsupportedCompressionTypeException if there is none."""
        try:
            return cls[name.upper()]
        except KeyError:
            raise UnsupportedCompressionTypeException(
                f"No compression codec is called {name!r}; use none, gzip, snappy, lz4 or zstd."
            ) from None
