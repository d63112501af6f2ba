"""The mapped indexes."""

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.log.corrupt_index_exception import CorruptIndexException
from engine.log.offset_index import OffsetIndex
from engine.log.time_index import TimeIndex

BASE = 1000
SETTINGS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@SETTINGS
@given(
    gaps=st.lists(st.integers(1, 50), max_size=60),
    more=st.integers(0, 3000),
    targets=st.lists(st.integers(0, 9000), min_size=1, max_size=20),
)
def test_lookup_is_the_last_entry_not_above(
    tmp_path: Path, gaps: list[int], more: int, targets: list[int]
) -> None:
    """The search agrees with a look at all entries, in and before the warm section."""
    path = tmp_path / "index"
    path.unlink(missing_ok=True)
    entries = []
    with closing(OffsetIndex(str(path), BASE, 40_000)) as index:
        offset = BASE
        for number, gap in enumerate([*gaps, *([2] * more)]):
            offset += gap
            index.append(offset, number)
            entries.append((offset, number))
        for target in targets:
            expected = max((e for e in entries if e[0] <= target + BASE), default=(BASE, 0))
            assert index.lookup(target + BASE) == expected
        assert index.entries == len(entries)


@SETTINGS
@given(steps=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), max_size=40))
def test_time_lookup(tmp_path: Path, steps: list[tuple[int, int]]) -> None:
    """Only larger timestamps are kept; a lookup finds the last that is not later."""
    path = tmp_path / "timeindex"
    path.unlink(missing_ok=True)
    kept: list[tuple[int, int]] = []
    with closing(TimeIndex(str(path), BASE, 12 * 50)) as index:
        timestamp, offset = 0, BASE
        for later, further in steps:
            timestamp, offset = timestamp + later, offset + further
            index.maybe_append(timestamp, offset)
            if timestamp > (kept[-1][0] if kept else -1):
                kept.append((timestamp, offset))
        assert [index.entry(slot) for slot in range(index.entries)] == kept
        for target in range(-1, timestamp + 2):
            expected = max((e for e in kept if e[0] <= target), default=(-1, BASE))
            assert index.lookup(target) == expected


def test_layout_and_life_of_the_file(tmp_path: Path) -> None:
    """Preallocated and sparse when new, cut when closed, large again when resized."""
    path = tmp_path / "00000000000000001000.index"
    index = OffsetIndex(str(path), BASE, 1000)
    assert (path.stat().st_size, path.stat().st_blocks) == (1000, 0)
    assert index.max_entries == 125
    index.append(1004, 0)
    index.append(1009, 4321)
    index.flush()
    assert path.read_bytes()[:16] == bytes.fromhex("00000004 00000000 00000009 000010e1")
    index.close()
    index.close()
    assert path.stat().st_size == 16
    with closing(OffsetIndex(str(path), BASE, 1000)) as again:
        assert (again.entries, again.last_offset, again.is_full) == (2, 1009, True)
        again.sanity_check()
        again.resize(1000)
        assert not again.is_full
        again.append(1010, 5000)
        assert again.lookup(1010) == (1010, 5000)


def test_an_empty_index_closes_to_nothing(tmp_path: Path) -> None:
    """A file of 0 bytes cannot be mapped and can be opened all the same."""
    path = str(tmp_path / "index")
    OffsetIndex(path, BASE, 800).close()
    assert Path(path).stat().st_size == 0
    with closing(OffsetIndex(path, BASE, 800)) as index:
        assert index.lookup(BASE + 5) == (BASE, 0)
        assert index.is_full
        index.resize(800)
        index.append(BASE + 1, 7)
        assert index.entries == 1


def test_entries_only_rise_and_fit(tmp_path: Path) -> None:
    """An entry that does not come after the last, or is out of reach, or too many, is refused."""
    with closing(OffsetIndex(str(tmp_path / "i"), BASE, 16)) as index:
        index.append(1005, 10)
        for offset, sentence in ((1005, "does not come after"), (BASE + 2**31, "does not fit")):
            with pytest.raises(ValueError, match=sentence):
                index.append(offset, 20)
        index.append(1006, 20)
        with pytest.raises(ValueError, match="full"):
            index.append(1007, 30)
        with pytest.raises(IndexError):
            index.entry(2)


def test_the_time_index_keeps_a_slot_for_rolling(tmp_path: Path) -> None:
    """The last slot is only for the entry that closes the segment."""
    with closing(TimeIndex(str(tmp_path / "t"), 0, 24)) as index:
        index.maybe_append(100, 1)
        assert index.is_full
        with pytest.raises(ValueError, match="full"):
            index.maybe_append(200, 2)
        index.maybe_append(200, 2, skip_full_check=True)
        assert index.last_entry == (200, 2)


def test_truncating(tmp_path: Path) -> None:
    """Entries at or above an offset go; the rest stays."""
    with (
        closing(OffsetIndex(str(tmp_path / "i"), 0, 800)) as index,
        closing(TimeIndex(str(tmp_path / "t"), 0, 1200)) as time_index,
    ):
        for offset in (10, 20, 30):
            index.append(offset, offset * 100)
            time_index.maybe_append(offset * 1000, offset)
        index.truncate_to(20)
        time_index.truncate_to(21)
        assert (index.entries, time_index.entries) == (1, 2)
        index.append(15, 1500)
        assert index.lookup(29) == (15, 1500)


@pytest.mark.parametrize("contents", [b"\xff" * 8, b"\0" * 7])
def test_what_cannot_be_an_index(tmp_path: Path, contents: bytes) -> None:
    """An entry below the base, or a part of an entry, is found out."""
    path = tmp_path / "i"
    path.write_bytes(contents)
    with (
        closing(OffsetIndex(str(path), BASE, 80, writable=False)) as index,
        pytest.raises(CorruptIndexException),
    ):
        index.sanity_check()
