"""The small folds: page states, mappings, stacks, names, timelines."""

from hypothesis import given
from hypothesis import strategies as st

from tests.traces.journey import FUNCTIONS, INO, LOG_FD, Tape, journey
from traces.event import FdRef, ProcessSeen, SpanEnd, SpanLine, SpanStart
from traces.models.calls import family
from traces.models.directory import Directory, is_program_file
from traces.models.mappings import Mappings
from traces.models.page_cache import MAX_PAGES, PageCache, PageState
from traces.models.spans import SpanStacks
from traces.models.timeline import Timeline


def _states(cache: PageCache) -> list[int]:
    return list(cache.files.get(INO, b""))


def test_a_pages_life() -> None:
    cache = PageCache()
    cache.add(INO, 1, 3, prefetched=True)
    cache.read(INO, 1, 1)
    cache.dirty(INO, 2, 2)
    cache.map(INO, 3, 3)
    assert _states(cache) == [0, 2, 4, 3 | PageState.MAPPED]
    cache.begin_write((1, 8), INO, 2, 2)
    assert cache.count(INO, 0, 9, PageState.WRITEBACK) == 1
    cache.end_write((1, 8))
    cache.end_write((1, 8))
    cache.remove(INO, 1, 1)
    cache.unmap(INO)
    assert _states(cache) == [0, 1, 2, 3]
    assert list(cache.changed) == [INO]


def test_pages_far_out_are_not_drawn() -> None:
    cache = PageCache()
    cache.add(INO, 1 << 40, 1, prefetched=False)
    cache.add(INO, -3, 2, prefetched=False)
    assert cache.files == {}
    cache.add(INO, MAX_PAGES - 1, 5, prefetched=False)
    assert len(cache.files[INO]) == MAX_PAGES


@given(
    st.lists(
        st.tuples(st.sampled_from(("add", "remove", "dirty", "read", "map")), st.integers(0, 40)),
        max_size=20,
    ),
    st.lists(st.integers(0, 40), max_size=5),
)
def test_a_copy_and_its_origin_do_not_touch_each_other(
    before: list[tuple[str, int]], after: list[int]
) -> None:
    cache = PageCache()
    for what, page in before:
        if what == "add":
            cache.add(INO, page, 3, prefetched=bool(page % 2))
        elif what == "remove":
            cache.remove(INO, page, 2)
        else:
            getattr(cache, what)(INO, page, page + 1)
    kept, twin = _states(cache), cache.copy()
    for page in after:
        cache.dirty(INO, page, page)
    assert _states(twin) == kept
    for page in after:
        twin.dirty(INO, page, page)
    assert _states(twin) == _states(cache)


def test_mappings_cover_their_bytes_only() -> None:
    maps = Mappings()
    maps.mapped(7, (0, 8192, 1, 1, 9, 4096), LOG_FD, 0x10000)
    found = maps.at(7, 0x11FFF)
    assert found is not None
    assert (found.ino, found.offset) == (INO, 4096)
    assert maps.at(7, 0x12000) is None
    assert maps.at(7, 0xFFFF) is None
    assert maps.at(8, 0x10000) is None
    maps.mapped(8, (0, 4096, 1, 1, 9, 0), LOG_FD, 0x10000)
    assert maps.unmapped(7, 0x10000, 8192) == ()  # another process still maps the file
    assert maps.unmapped(8, 0x10000, 4096) == (INO,)
    assert maps.unmapped(8, 0x10000, 4096) == ()


def test_stacks_take_over_only_lines_of_the_caller_itself() -> None:
    spans = SpanStacks(FUNCTIONS)
    spans.start(SpanStart(1, 7, 7, 0))
    spans.start(SpanStart(2, 7, 7, 1, 102))
    spans.start(SpanStart(3, 7, 7, 2, 999))
    spans.line(SpanLine(4, 7, 7, 301))
    assert list(spans.stacks[7]) == [(0, 102), (1, 0), (2, 301)]
    spans.end(SpanEnd(5, 7, 7, 5))  # never began
    spans.end(SpanEnd(6, 7, 7, 1))  # the end of 2 was lost
    assert list(spans.stacks[7]) == [(0, 102)]
    assert spans.depth(7) == 1
    spans.line(SpanLine(7, 8, 8, 1))
    assert spans.depth(8) == 0


def test_labels_are_unique() -> None:
    names = Directory()
    for pid, role in (
        (7, "process"),
        (7, "consumer"),
        (7, "process"),
        (8, "consumer"),
        (9, "process"),
    ):
        names.process(ProcessSeen(1, pid, pid, role, f"command {pid}"))
    assert [names.label(pid) for pid in (7, 8, 9, 10)] == [
        "consumer",
        "consumer 2",
        "process 9",
        "kernel",
    ]
    names.descriptors((FdRef(1, "file", 2, 3, "/a/b/c.log"), FdRef(1, "socket", 2, 4, "tcp x->y")))
    assert (names.short(3), names.short(4), names.short(0)) == ("b/c.log", "inode 4", "")


def test_program_files() -> None:
    program = ("/usr/bin/x", "a.cpython-311.pyc", "/x/libc.so.6", "/p/FetchRequest.json")
    assert all(is_program_file(name) for name in program)
    assert not any(is_program_file(name) for name in ("/d/t-0/00.log", "meta.properties", ""))


def test_families() -> None:
    sock = FdRef(1, "socket")
    assert [family("read"), family("read", (sock,)), family("sendfile"), family("fsync")] == [
        "file",
        "net",
        "net",
        "sync",
    ]
    assert [family("futex"), family("munmap"), family("getpid")] == ["wait", "memory", "other"]


def test_the_timeline_of_the_journey() -> None:
    timeline = Timeline()
    events = journey()
    for index, event in enumerate(events):
        timeline.feed(index, event)
    broker = timeline.threads[2001]
    names = [interval.name for interval in broker.all_intervals]
    assert names.count("sendto") == 2
    assert names[0] == "epoll_wait"
    sendfile = broker.all_intervals[names.index("sendfile")]
    assert (sendfile.family, sendfile.depth) == ("net", 2)
    assert events[sendfile.index].ts == sendfile.start
    assert [mark.kind for mark in broker.marks] == [
        "switch-sleep",
        "fault-minor",
        "switch-disk",
        "fault-minor",
        "fault-major",
        "switch-disk",
    ]
    assert [(span.function, span.depth) for span in timeline.threads[2002].all_spans] == [
        (number, number) for number in range(5)
    ]


def test_a_timeline_shows_what_has_not_ended() -> None:
    tape = Tape()
    tape.thread(7, 7)
    tape.add(SpanStart, 0)
    tape.call("futex", (), ())
    timeline = Timeline()
    for index, event in enumerate(tape.events):
        timeline.feed(index, event)
    thread = timeline.threads[7]
    assert [interval.end for interval in thread.all_intervals] == [None]
    assert [span.end for span in thread.all_spans] == [None]
