"""What was sent or received, as one line of JSON that two sides can compare.

System calls: none.

Kafka: none, because Kafka's console tools print no checksum
"""

import hashlib
import json
import time

from engine.nio.buffer import Buffer


class RecordSummary:
    """Counts records and bytes, and hashes what it is given in order (SHA-256)."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._started = time.monotonic()
        self.records = 0
        self.size = 0

    def add_line(self, value: Buffer) -> None:
        """Counts one record; its value and a newline enter the hash, the value alone the bytes."""
        self._hash.update(value)
        self._hash.update(b"\n")
        self.records += 1
        self.size += len(value)

    def add_raw(self, data: memoryview, records: int) -> None:
        """Counts batches as they came: ``records`` of them in ``data``."""
        self._hash.update(data)
        self.records += records
        self.size += len(data)

    def to_json(self, requests: int) -> str:
        """The line: records, bytes, sha256, requests sent, seconds since the start."""
        return json.dumps(
            {
                "records": self.records,
                "bytes": self.size,
                "sha256": self._hash.hexdigest(),
                "requests": requests,
                "seconds": round(time.monotonic() - self._started, 6),
            }
        )
