"""Variable-length integers: seven bits a byte, least significant first, zigzag for signed ones.

::

    -1 -> 01        1 -> 02        64 -> 80 01        null length (-1) -> 01

System calls: none.

Kafka: org.apache.kafka.common.utils.ByteUtils
"""

from engine.common.errors import CorruptRecordException

# An int32 takes at most 5 bytes and an int64 at most 10.
VARINT_MAX_BYTES = 5
VARLONG_MAX_BYTES = 10


def read_varlong(
    buffer: memoryview, position: int, max_bytes: int = VARLONG_MAX_BYTES
) -> tuple[int, int]:
    """The signed number at ``position``, and the position after it.

    Raises CorruptRecordException where the buffer ends or the number is longer than ``max_bytes``.
    """
    raw = shift = 0
    try:
        for at in range(position, position + max_bytes):
            byte = buffer[at]
            raw |= (byte & 0x7F) << shift
            if byte < 0x80:
                raw &= 0xFFFFFFFFFFFFFFFF
                return (raw >> 1) ^ -(raw & 1), at + 1
            shift += 7
    except IndexError:
        raise CorruptRecordException("A variable-length number goes beyond the data") from None
    raise CorruptRecordException(f"A variable-length number takes more than {max_bytes} bytes")


def read_varint(buffer: memoryview, position: int) -> tuple[int, int]:
    """As ``read_varlong``, for int32."""
    return read_varlong(buffer, position, VARINT_MAX_BYTES)


def write_varlong(value: int, out: bytearray) -> None:
    """Appends a signed number of at most 64 bits."""
    raw = (value << 1) ^ (value >> 63)
    while raw > 0x7F:
        out.append(raw & 0x7F | 0x80)
        raw >>= 7
    out.append(raw)


write_varint = write_varlong


def size_of_varlong(value: int) -> int:
    """Bytes that ``write_varlong`` would append."""
    raw = (value << 1) ^ (value >> 63)
    return max(1, (raw.bit_length() + 6) // 7)
