"""The last offset of each key, in memory of a fixed size.

::

    slot, 24 bytes:  MD5 of the key, 16 | offset int64        0 slots are free

Keys are not kept, only their MD5: two keys with the same one would count as one, and the earlier
would be lost; with 128 bits nobody has seen that by chance. Collisions of slots go to the next one.

System calls: none.

Kafka: org.apache.kafka.storage.internals.log.SkimpyOffsetMap
"""

import hashlib
import struct

from engine.record.default_record import Bytes

_OFFSET = struct.Struct(">q")
_HASH_SIZE = 16
ENTRY_SIZE = _HASH_SIZE + _OFFSET.size
_FREE = bytes(_HASH_SIZE)


class SkimpyOffsetMap:
    """Takes ``memory`` bytes at once and never more."""

    def __init__(self, memory: int) -> None:
        self.slots = memory // ENTRY_SIZE
        self.size = 0
        self.latest_offset = -1
        self._bytes = bytearray(self.slots * ENTRY_SIZE)

    def put(self, key: Bytes, offset: int) -> None:
        """Notes the last offset of a key; ValueError if every slot is taken."""
        digest = _digest(key)
        at = self._position_of(digest)
        if at is None:
            raise ValueError(f"All {self.slots} slots are taken.")
        if self._bytes[at : at + _HASH_SIZE] == _FREE:
            self._bytes[at : at + _HASH_SIZE] = digest
            self.size += 1
        _OFFSET.pack_into(self._bytes, at + _HASH_SIZE, offset)
        self.update_latest_offset(offset)

    def get(self, key: Bytes) -> int:
        """The last offset of a key, -1 if it was not put."""
        digest = _digest(key)
        at = self._position_of(digest)
        if at is None or self._bytes[at : at + _HASH_SIZE] == _FREE:
            return -1
        return int(_OFFSET.unpack_from(self._bytes, at + _HASH_SIZE)[0])

    def update_latest_offset(self, offset: int) -> None:
        """Notes up to where the log is in the map."""
        self.latest_offset = max(self.latest_offset, offset)

    def _position_of(self, digest: bytes) -> int | None:
        """Where a key stands or may stand; None if all slots are taken by others."""
        if not self.slots:
            return None
        slot = int.from_bytes(digest[:8], "big") % self.slots
        for _ in range(self.slots):
            at = slot * ENTRY_SIZE
            found = self._bytes[at : at + _HASH_SIZE]
            if found in (digest, _FREE):
                return at
            slot = slot + 1 if slot + 1 < self.slots else 0
        return None


def _digest(key: Bytes) -> bytes:
    return hashlib.md5(key, usedforsecurity=False).digest()
