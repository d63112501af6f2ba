"""Any moment from either side, the story's steps, what a frame tells."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traces.journey import CHUNK, DEV, HEADER, INO, LOG_FD, Tape, journey, write_journey
from traces.event import (
    BlockComplete,
    BlockIssue,
    DirtyFolio,
    FileSeen,
    Mark,
    ObservedEvent,
    PageCacheAdd,
    SkbTransmit,
    SyscallEnter,
)
from traces.models.page_cache import PageState
from traces.models.statistics import summarize
from traces.replay.replay import KEYFRAME_EVERY, Replay
from traces.trace_file import TraceReader, TraceWriter

SHORT = "journey-0/00000000000000000000.log"


def _long_journey(rounds: int) -> list[ObservedEvent]:
    """The journey again and again: more events than lie between keyframes."""
    events = journey()
    length = events[-1].ts - events[0].ts + 1500
    return [
        msgspec.structs.replace(event, ts=event.ts + number * length)
        for number in range(rounds)
        for event in events
    ]


@pytest.fixture(scope="module")
def long_trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "long.trace"
    with TraceWriter(path, HEADER) as writer:
        writer.write(_long_journey(25))
    return path


@pytest.fixture
def journey_replay(tmp_path: Path) -> Replay:
    return Replay(TraceReader(write_journey(tmp_path / "j.trace")))


def test_forwards_backwards_and_by_jumps_are_the_same(long_trace: Path) -> None:
    replay = Replay(TraceReader(long_trace))
    assert replay.total > 2 * KEYFRAME_EVERY
    places = [0, 1, 30, KEYFRAME_EVERY - 1, KEYFRAME_EVERY, KEYFRAME_EVERY + 1, replay.total - 1]
    forwards = {place: replay.frame(place) for place in places}
    backwards = {place: replay.frame(place) for place in reversed(places)}
    assert forwards == backwards
    for place in places:
        assert Replay(TraceReader(long_trace)).frame(place) == forwards[place]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_stepping_back_gives_the_state_before(long_trace: Path, data: st.DataObject) -> None:
    replay = Replay(TraceReader(long_trace))
    place = data.draw(st.integers(0, replay.total - 2))
    before = replay.frame(place)
    replay.frame(data.draw(st.integers(place + 1, replay.total - 1)))
    replay.frame(place + 1)
    assert replay.frame(place) == before


def test_the_last_frame_agrees_with_the_statistics(long_trace: Path) -> None:
    with TraceReader(long_trace) as reader:
        figures = summarize(reader).to_json()
        last = Replay(reader).frame(len(reader) - 1).counters
    assert last.crossings == figures["mode_switches"]
    assert last.copied_bytes == sum(copy["bytes"] for copy in figures["copies"])
    assert last.copies == sum(copy["count"] for copy in figures["copies"])
    assert last.reference_bytes == figures["by_reference_bytes"]
    assert last.hits == figures["page_cache"]["hits"]
    assert last.major == figures["faults"]["major"]
    assert last.dma_read == figures["dma"]["read_bytes"]


def test_the_append(journey_replay: Replay) -> None:
    events = journey()
    enter = next(
        index
        for index, event in enumerate(events)
        if isinstance(event, SyscallEnter) and event.name == "pwrite64"
    )
    frame = journey_replay.frame(enter)
    assert frame.process.role == "broker"
    assert frame.thread.name == "request-handler-0"
    assert frame.chapter == "produce"
    assert [(one.function.qualname, one.line) for one in frame.stack][-2:] == [
        ("FileRecords.append", 402),
        ("FileChannel.write", 502),
    ]
    assert frame.syscall is not None
    assert (frame.syscall.name, frame.syscall.ret) == ("pwrite64", None)
    assert [(move.how, move.target.key) for move in frame.moves] == [
        ("crossing-in", "kernel:broker")
    ]
    (copy,) = journey_replay.frame(enter + 2).moves
    assert (copy.how, copy.source.key, copy.target.key) == ("copy", "user:broker", f"cache:{SHORT}")
    assert (copy.size, copy.pages) == (CHUNK, (0, 15))
    done = journey_replay.frame(enter + 4)
    assert done.syscall is not None
    assert (done.syscall.ret, done.syscall.entered_ts) == (CHUNK, events[enter].ts)
    (file,) = done.files
    assert file.name == SHORT
    assert set(file.pages) == {PageState.DIRTY}
    assert done.levels[f"cache:{SHORT}"].arrived == CHUNK
    assert done.own.copied_bytes == 2 * CHUNK
    assert done.counters.copied_bytes == 3 * CHUNK


def test_the_steps_of_a_hand_over_are_one(journey_replay: Replay) -> None:
    last = max(
        index
        for index, event in enumerate(journey())
        if isinstance(event, SkbTransmit) and event.file_bytes
    )
    frame = journey_replay.frame(last)
    (move,) = frame.moves
    assert (frame.events, move.how, move.size) == (2, "reference", CHUNK)
    assert (move.source.key, move.target.key) == (f"cache:{SHORT}", "socket:broker")
    assert frame.files[0].touched == (0, 15)
    alone = journey_replay.frame(last, all_events=True)
    assert (alone.events, alone.moves[0].size) == (1, 53)
    assert last in journey_replay.story
    assert last - 1 not in journey_replay.story


def test_the_story_leaves_out_spans_waits_and_the_heap(journey_replay: Replay) -> None:
    steps = [journey_replay.frame(index) for index in journey_replay.story]
    kinds = {type(step.event).__name__ for step in steps}
    assert not kinds & {"SpanStart", "SpanEnd", "SpanLine", "ThreadSeen", "TcpSend"}
    assert "epoll_wait" not in {step.syscall.name for step in steps if step.syscall}
    faults = [step for step in steps if type(step.event).__name__ == "PageFault"]
    assert len(faults) == 2
    assert all(step.moves[0].how == "fault" for step in faults)
    assert {step.chapter for step in steps} == {chapter.text for chapter in journey_replay.chapters}


def test_a_run_of_pages_is_one_step_a_gap_begins_another(tmp_path: Path) -> None:
    tape = Tape()
    tape.thread(7, 7)
    tape.add(FileSeen, DEV, INO, "/data/t-0/0.log")
    tape.call("pread64", (9, 1, 4096, 0), (LOG_FD,))
    for index in (*range(256), *range(300, 302)):
        tape.add(PageCacheAdd, DEV, INO, index)
    tape.add(DirtyFolio, INO, 5, DEV)
    tape.back("pread64", 4096)
    with TraceWriter(tmp_path / "a.trace", HEADER) as writer:
        writer.write(tape.events)
    replay = Replay(TraceReader(tmp_path / "a.trace"))
    assert replay.story == (1, 257, 259, 260, 261)
    frame = replay.frame(257)
    assert frame.events == 256
    assert frame.files[0].touched == (0, 255)


def test_block_requests_of_strangers_are_no_steps(tmp_path: Path) -> None:
    tape = Tape()
    tape.thread(9, 9)
    tape.add(BlockComplete, DEV, 8, 4096, "write")  # begun before the trace
    tape.add(BlockIssue, DEV, 16, 4096, "write")  # a flusher's metadata
    tape.add(BlockComplete, DEV, 16, 4096, "write")
    tape.add(FileSeen, DEV, INO, "/data/t-0/0.log")
    tape.add(BlockIssue, DEV, 24, 4096, "write", INO, 0)
    tape.add(BlockComplete, DEV, 24, 4096, "write")
    tape.call("fsync", (9,), (LOG_FD,))
    tape.add(BlockIssue, DEV, 32, 4096, "write")  # the same file system's journal
    tape.back("fsync", 0)
    with TraceWriter(tmp_path / "a.trace", HEADER) as writer:
        writer.write(tape.events)
    assert Replay(TraceReader(tmp_path / "a.trace")).story == (4, 5, 6, 7, 8)


def test_following_a_growing_file(tmp_path: Path) -> None:
    path, events = tmp_path / "live.trace", _long_journey(15)
    with TraceWriter(path, HEADER) as writer:
        writer.write(events[:700])
        writer.flush()
        replay = Replay(TraceReader(path))
        assert (replay.total, replay.follow()) == (700, 0)
        early = replay.frame(650)
        writer.write(events[700:])
        writer.flush()
        assert replay.follow() == len(events) - 700
    replay.follow()
    whole = Replay(TraceReader(path))
    assert replay.story == whole.story
    assert replay.lanes == whole.lanes
    assert replay.chapters == whole.chapters
    assert replay.frame(len(events) - 1) == whole.frame(len(events) - 1)
    assert replay.frame(650).levels == early.levels


def test_an_empty_trace_and_places_outside(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "e.trace", HEADER):
        pass
    replay = Replay(TraceReader(tmp_path / "e.trace"))
    assert (replay.total, replay.story, replay.lanes, replay.chapters) == (0, (), (), ())
    assert replay.index_at(5) == 0
    with pytest.raises(IndexError):
        replay.frame(0)


def test_finding_a_time_and_a_chapter(journey_replay: Replay) -> None:
    events = journey()
    assert journey_replay.index_at(events[17].ts) == 17
    assert journey_replay.index_at(events[17].ts + 1) == 18
    assert journey_replay.index_at(2**60) == len(events) - 1
    marks = [index for index, event in enumerate(events) if isinstance(event, Mark)]
    assert [chapter.start for chapter in journey_replay.chapters] == marks
    assert journey_replay.chapter_at(0) is None
    assert journey_replay.chapter_at(marks[1]) == 1
    assert journey_replay.chapter_at(marks[1] - 1) == 0


def test_lanes_name_their_threads(journey_replay: Replay) -> None:
    lanes = [(lane.role, lane.name, len(lane.intervals)) for lane in journey_replay.lanes]
    assert lanes == [
        ("broker", "processor-0", 11),
        ("broker", "request-handler-0", 1),
        ("producer", "", 1),
        ("consumer", "", 3),
    ]
