"""What may be read into or written from: anything with Python's buffer protocol.

Kafka: none, because Java's ByteBuffer is Python's buffer protocol
"""

from mmap import mmap
from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview | mmap
WritableBuffer: TypeAlias = bytearray | memoryview | mmap
