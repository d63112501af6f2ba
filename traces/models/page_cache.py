"""What is known of each file's pages: one byte a page, changed by events and by derived facts.

Files are told apart by inode number alone, because several kernel events name no device: two files
of one number on two file systems would be drawn as one.
"""

from enum import IntEnum
from typing import Final

PAGE: Final = 4096
MAX_PAGES: Final = 1 << 22
"""Pages a file may have in the picture (16 GiB); what lies beyond is not drawn."""


class PageState(IntEnum):
    """What is known of one page. ``byte & STATE`` is the state; ``MAPPED`` may be added to any."""

    UNKNOWN = 0  # no event spoke of this page yet
    ABSENT = 1  # seen to leave the cache
    CACHED = 2
    PREFETCHED = 3  # brought in by read-ahead, not asked for yet
    DIRTY = 4
    WRITEBACK = 5  # on its way to the disk
    MAPPED = 8


STATE: Final = 7
_TO: Final[dict[PageState, bytes]] = {
    state: bytes((byte & PageState.MAPPED) | state for byte in range(256))
    for state in PageState
    if state != PageState.MAPPED
}
_MAP: Final = bytes(
    (byte | PageState.MAPPED) if byte & STATE > PageState.ABSENT else 10 for byte in range(256)
)
_UNMAP: Final = bytes(byte & STATE for byte in range(256))
_LEAVE: Final = bytes([PageState.ABSENT]) * 256
_READ: Final = bytes(
    (byte & PageState.MAPPED)
    | (PageState.CACHED if byte & STATE < PageState.DIRTY else byte & STATE)
    for byte in range(256)
)


class PageCache:
    """The pages of every file that an event spoke of.

    ``copy()`` is cheap: the bytes are shared until one side changes them.
    """

    def __init__(self) -> None:
        self.files: dict[int, bytearray] = {}
        self.changed: dict[int, None] = {}  # inodes, the most recently changed last
        self._own: set[int] = set()
        self._writing: dict[tuple[int, int], tuple[int, int, int]] = {}

    def copy(self) -> "PageCache":
        """Return a cache in the same state that changes on its own from here."""
        twin = PageCache()
        twin.files = dict(self.files)
        twin.changed = dict(self.changed)
        twin._writing = dict(self._writing)
        self._own.clear()
        return twin

    def add(self, ino: int, first: int, pages: int, *, prefetched: bool) -> None:
        """Pages entered the cache, asked for or ahead of time."""
        state = PageState.PREFETCHED if prefetched else PageState.CACHED
        self._apply(ino, first, first + pages - 1, _TO[state])

    def remove(self, ino: int, first: int, pages: int) -> None:
        """Pages left the cache."""
        self._apply(ino, first, first + pages - 1, _LEAVE)

    def dirty(self, ino: int, first: int, last: int) -> None:
        """Pages were written to."""
        self._apply(ino, first, last, _TO[PageState.DIRTY])

    def read(self, ino: int, first: int, last: int) -> None:
        """Pages were read: they are in the cache now, whoever brought them."""
        self._apply(ino, first, last, _READ)

    def map(self, ino: int, first: int, last: int) -> None:
        """Pages were mapped into a process, so they are in the cache."""
        self._apply(ino, first, last, _MAP)

    def unmap(self, ino: int) -> None:
        """A process let its mapping of the file go."""
        if ino in self.files:
            self._apply(ino, 0, len(self.files[ino]) - 1, _UNMAP)

    def begin_write(self, request: tuple[int, int], ino: int, first: int, last: int) -> None:
        """A block request (device, sector) writes these pages to the disk."""
        self._writing[request] = (ino, first, last)
        self._apply(ino, first, last, _TO[PageState.WRITEBACK])

    def end_write(self, request: tuple[int, int]) -> None:
        """That request is done: its pages are clean."""
        pages = self._writing.pop(request, None)
        if pages is not None:
            self._apply(*pages, _TO[PageState.CACHED])

    def count(self, ino: int, first: int, last: int, state: PageState) -> int:
        """Count the pages ``first``..``last`` in ``state``, mapped or not."""
        pages = self.files.get(ino, b"")[first : last + 1]
        return pages.count(state) + pages.count(state | PageState.MAPPED)

    def _apply(self, ino: int, first: int, last: int, table: bytes) -> None:
        last = min(last, MAX_PAGES - 1)
        if not ino or first < 0 or last < first:
            return
        pages = self.files.get(ino)
        if pages is None:
            pages = self.files[ino] = bytearray()
            self._own.add(ino)
        elif ino not in self._own:
            pages = self.files[ino] = bytearray(pages)
            self._own.add(ino)
        if len(pages) <= last:
            pages.extend(bytes(last + 1 - len(pages)))
        pages[first : last + 1] = pages[first : last + 1].translate(table)
        self.changed.pop(ino, None)
        self.changed[ino] = None
