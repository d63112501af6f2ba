"""What lies where in the shared file; used by both sides, so it imports next to nothing.

::

    offset   size  field
         0      8  magic
         8      4  size of a record, bytes
        12      4  capacity, records
        16      4  capacity, notes
        20      4  pid of the writer, 0 until it has mapped the file
        64      8  records consumed (the reader writes it)
        72      8  records lost for want of room (the writer writes it)
      4096  512*n  notes: texts such as a thread's or a file's name
         -      -  records; each ends with its own number + 1 (32 bits), written last

A record is there when its last field says so: that needs no lock and no system call. The reader
trusts x86's order of stores; on arm64 the recorder's hold-back of many milliseconds stands in.
"""

import os
import struct
from typing import Final

MAGIC: Final = b"KSRING1\n"
HEADER: Final = struct.Struct("<8sIIII")
HEADER_SIZE: Final = 4096
CONSUMED_AT: Final = 64
LOST_AT: Final = 72
PID_AT: Final = 20

NOTE: Final = struct.Struct("<HHqq")  # kind, bytes of text, two numbers; a ready flag goes before
NOTE_SIZE: Final = 512
NOTE_TEXT_AT: Final = 4 + NOTE.size
NOTE_TEXT_MAX: Final = NOTE_SIZE - NOTE_TEXT_AT

NOTE_THREAD: Final = 1  # a: tid
NOTE_FILE: Final = 2  # a: dev, b: ino
NOTE_SOCKET: Final = 3  # a: dev, b: ino

SPAN_RECORD: Final = struct.Struct("<QIHHII")
"""ts, tid, kind, function, line, number."""

SPAN_START: Final = 1
SPAN_LINE: Final = 2
SPAN_END: Final = 3

CALL_RECORD: Final = struct.Struct("<QIHHqqqqqqII")
"""ts, tid, kind, name (place in the shim's table), six numbers, spare, number."""

CALL_ENTER: Final = 1  # values: the call's arguments, up to six
CALL_EXIT: Final = 2  # ret
CALL_FD: Final = 3  # fd, kind of file, dev, ino, position or -1; belongs to the enter after it
CALL_USAGE: Final = 4  # minor, major, voluntary, involuntary
CALL_CACHE: Final = 5  # dev, ino, index, pages, cached, dirty


def create_ring(path: str, record: struct.Struct, capacity: int, notes: int = 1024) -> None:
    """Make the file for ``capacity`` records and ``notes`` texts; its memory is not touched."""
    size = HEADER_SIZE + notes * NOTE_SIZE + capacity * record.size
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.ftruncate(fd, size)
        os.pwrite(fd, HEADER.pack(MAGIC, record.size, capacity, notes, 0), 0)
    finally:
        os.close(fd)
