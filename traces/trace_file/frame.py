"""One frame of a trace file: a fixed head with two checksums, then a compressed payload.

All numbers are little-endian::

    offset  size  field
         0     4  kind: "HEAD" (the header), "EVTS" (events) or "END." (the last frame)
         4     4  length: bytes of the payload as stored
         8     4  raw: bytes of the payload when decompressed
        12     4  count: events in it
        16     8  first_ts: the smallest time stamp in it, nanoseconds
        24     8  last_ts: the largest
        32     4  CRC-32C of the stored payload
        36     4  CRC-32C of the 36 bytes before
        40     -  payload: zstd(msgpack)

The head carries a checksum of its own so that an index can be built from heads alone.
"""

import struct
from dataclasses import dataclass
from typing import Final

import zstandard
from crc32c import crc32c

from traces.trace_file.errors import TraceError

MAGIC: Final = b"\x89KSCOPE\n"
PREAMBLE: Final = struct.Struct("<8sII")  # magic, version, CRC-32C of the twelve bytes before
HEAD: Final = struct.Struct("<4sIIIqqII")

KIND_HEADER: Final = b"HEAD"
KIND_EVENTS: Final = b"EVTS"
KIND_END: Final = b"END."
KINDS: Final = frozenset((KIND_HEADER, KIND_EVENTS, KIND_END))

MAX_RAW: Final = 64 << 20
"""No frame decompresses to more: a bound against a damaged or hostile size field."""

LEVEL: Final = 3


@dataclass(frozen=True, slots=True)
class FrameHead:
    """The forty bytes before a payload, checked."""

    kind: bytes
    length: int
    raw: int
    count: int
    first_ts: int
    last_ts: int
    crc: int


def pack_preamble(version: int) -> bytes:
    """Return the sixteen bytes a trace begins with."""
    start = PREAMBLE.pack(MAGIC, version, 0)[:12]
    return PREAMBLE.pack(MAGIC, version, crc32c(start))


def pack_frame(kind: bytes, raw: bytes, count: int = 0, span: tuple[int, int] = (0, 0)) -> bytes:
    """Return a whole frame around the msgpack bytes ``raw``; ``span``: first and last ts."""
    if len(raw) > MAX_RAW:
        raise TraceError("A frame of the trace would grow past 64 MiB: write fewer events at once.")
    payload = zstandard.ZstdCompressor(level=LEVEL).compress(raw)
    head = HEAD.pack(kind, len(payload), len(raw), count, *span, crc32c(payload), 0)[:36]
    return head + struct.pack("<I", crc32c(head)) + payload


def parse_head(data: bytes) -> FrameHead | None:
    """Read a frame's head from its forty bytes; None if they are not one."""
    if len(data) < HEAD.size:
        return None
    kind, length, raw, count, first, last, crc, own = HEAD.unpack(data[: HEAD.size])
    if own != crc32c(data[:36]) or kind not in KINDS or raw > MAX_RAW or count > raw:
        return None
    return FrameHead(kind, length, raw, count, first, last, crc)


def unpack_payload(payload: bytes, raw: int) -> bytes:
    """Decompress a payload that must give exactly ``raw`` bytes; raises TraceError.

    The size that zstd's own header claims is checked first, because the library allocates it.
    """
    try:
        claimed = zstandard.frame_content_size(payload)
        if claimed != raw:
            raise TraceError("A frame's two sizes differ: the trace is damaged there.")
        return zstandard.ZstdDecompressor().decompress(payload, max_output_size=raw)
    except zstandard.ZstdError as error:
        raise TraceError("A frame does not decompress: the trace is damaged there.") from error
