"""``dump-log --map``: a picture of a segment in plain characters.

::

             0 [====================][=================][==============
               ^                                       *
               |ooooooooooooooo|ooooooooooooooo|...............|........

Three lines a row: batches, what the indexes point to, pages. A column is a power of two of bytes,
so that pages begin where columns do. What is cached is asked before the file is read, because
reading it is what fills the cache.

System calls: those of reading the files, and of ``page_cache.resident_pages``.

Kafka: none, because Kafka's tool prints no picture.
"""

import bisect
from array import array
from collections.abc import Iterator

from engine.common.errors import CorruptRecordException
from engine.log.log_file_utils import INDEX_FILE_SUFFIX, LOG_FILE_SUFFIX, TIME_INDEX_FILE_SUFFIX
from engine.log.offset_index import OffsetIndex
from engine.log.time_index import TimeIndex
from engine.nio import files
from engine.nio.page_cache import PAGE_SIZE, resident_pages
from engine.record.file_log_input_stream import FileChannelRecordBatch
from engine.record.file_records import FileRecords

_GUTTER = 13
_ROWS = 24
_LEAST_COLUMN = 16
_LEGEND = {
    "[": "[==] a batch",
    "t": "[tt] a batch of a transaction",
    "c": "[cc] a control batch",
    "#": "# several batches begin here",
    "?": "? bytes that are no batch",
    "^": "^ an offset index entry points here",
    "~": "~ a time index entry points here",
    "*": "* both point here",
    "|": "| a page begins",
    "o": "o in the page cache",
    ".": ". not in the page cache",
    "+": "+ partly in the page cache",
}


class SegmentMap:
    """The picture of one ``.log``; ``lines`` gives it, at most ``width`` characters wide."""

    def __init__(self, path: str, base_offset: int, width: int = 80) -> None:
        self._path = path
        self._base_offset = base_offset
        self._resident = resident_pages(path)
        self._size = files.size(path)
        self._columns = 1 << max(3, (max(width, _GUTTER + 8) - _GUTTER).bit_length() - 1)
        self._column_bytes = _LEAST_COLUMN
        while self._column_bytes * self._columns * _ROWS < self._size:
            self._column_bytes *= 2
        count = -(-self._size // self._column_bytes)
        self._batches = bytearray(b"?" * count)
        self._marks = bytearray(b" " * count)
        self._starts: array[int] = array("q")
        self._last_offsets: array[int] = array("q")
        self._width = width

    def lines(self) -> Iterator[str]:
        """The picture with its legend; OSError if the file cannot be read."""
        self._draw_batches()
        entries = [
            self._draw_index(suffix) for suffix in (INDEX_FILE_SUFFIX, TIME_INDEX_FILE_SUFFIX)
        ]
        pages = self._draw_pages()
        yield (
            f"{self._size} bytes, {len(self._starts)} batches; {len(self._resident)} pages of "
            f"{PAGE_SIZE}, {sum(self._resident)} cached"
        )
        yield f"index: {entries[0]}; time index: {entries[1]}; a column is {self._column_bytes} bytes"
        yield ""
        yield from self._rows(pages)
        yield ""
        yield from self._legend(pages)

    def _rows(self, pages: bytes) -> Iterator[str]:
        alike = 0
        before: tuple[bytes, ...] = ()
        for start in range(0, len(self._batches), self._columns):
            stretch = slice(start, start + self._columns)
            row = (bytes(self._batches[stretch]), bytes(self._marks[stretch]), pages[stretch])
            last = start + self._columns >= len(self._batches)
            if row == before and not last:
                alike += 1
                continue
            if alike:
                yield f"{'':{_GUTTER}}... {alike} more rows like this one"
            before, alike = row, 0
            yield f"{start * self._column_bytes:{_GUTTER - 1}} {row[0].decode()}"
            if row[1].strip():
                yield f"{'':{_GUTTER}}{row[1].decode().rstrip()}"
            yield f"{'':{_GUTTER}}{row[2].decode()}"

    def _legend(self, pages: bytes) -> Iterator[str]:
        used = set((self._batches + self._marks + pages).decode())
        line = ""
        for sign, meaning in _LEGEND.items():
            if sign not in used:
                continue
            if line and len(line) + len(meaning) + 3 > self._width:
                yield line
                line = ""
            line += f"   {meaning}" if line else meaning
        if line:
            yield line

    def _draw_batches(self) -> None:
        records = FileRecords.open(self._path, mutable=False)
        try:
            for batch in records.batches():
                self._draw_batch(batch)
        except CorruptRecordException:
            # From here on the picture says what the file holds: no batch.
            return
        finally:
            records.close()

    def _draw_batch(self, batch: FileChannelRecordBatch) -> None:
        self._starts.append(batch.position)
        self._last_offsets.append(batch.last_offset)
        header = batch.header
        body = b"c" if header.is_control_batch else b"t" if header.is_transactional else b"="
        first = batch.position // self._column_bytes
        last = (batch.position + batch.size_in_bytes() - 1) // self._column_bytes
        begun = self._batches[first] in b"[#"
        self._batches[first] = ord("#" if begun else "[")
        if last > first:
            self._batches[first + 1 : last + 1] = body * (last - first - 1) + b"]"

    def _draw_index(self, suffix: str) -> str:
        path = self._path.removesuffix(LOG_FILE_SUFFIX) + suffix
        if not files.exists(path):
            return "none beside it"
        count = 0
        for position in self._pointed_to(path, suffix):
            count += 1
            column = position // self._column_bytes
            if 0 <= column < len(self._marks):
                sign = b"^" if suffix == INDEX_FILE_SUFFIX else b"~"
                other = b"~" if suffix == INDEX_FILE_SUFFIX else b"^"
                both = self._marks[column] in other + b"*"
                self._marks[column] = ord("*") if both else ord(sign)
        return f"{count} entries"

    def _pointed_to(self, path: str, suffix: str) -> Iterator[int]:
        kind = OffsetIndex if suffix == INDEX_FILE_SUFFIX else TimeIndex
        index = kind(path, self._base_offset, writable=False)
        try:
            for slot in range(index.entries):
                entry = index.entry(slot)
                # The preallocated rest of an index that was not closed is zeros.
                if slot and entry.offset == self._base_offset:
                    return
                at = bisect.bisect_left(self._last_offsets, entry.offset)
                by_offset = self._starts[at] if at < len(self._starts) else -1
                yield getattr(entry, "position", by_offset)
        finally:
            index.close()

    def _draw_pages(self) -> bytes:
        drawn = bytearray()
        for column in range(len(self._batches)):
            start = column * self._column_bytes
            end = min(start + self._column_bytes, self._size)
            states = self._resident[start // PAGE_SIZE : (end - 1) // PAGE_SIZE + 1]
            if self._column_bytes < PAGE_SIZE and start % PAGE_SIZE == 0:
                drawn += b"|"
            elif 0 < sum(states) < len(states):
                drawn += b"+"
            else:
                drawn += b"o" if all(states) else b"."
        return bytes(drawn)
