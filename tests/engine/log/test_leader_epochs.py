"""Leader epochs: assigning, truncating, asking, and the checkpoint on disk."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.common.errors import KafkaStorageException
from engine.log.leader_epoch_checkpoint_file import LeaderEpochCheckpointFile
from engine.log.leader_epoch_file_cache import LeaderEpochFileCache


def cache_in(directory: Path) -> LeaderEpochFileCache:
    """The cache of a directory, read from its file."""
    return LeaderEpochFileCache(LeaderEpochCheckpointFile(str(directory)))


@pytest.fixture
def cache(tmp_path: Path) -> LeaderEpochFileCache:
    """Epoch 2 from 10, 4 from 20, 5 from 30."""
    one = cache_in(tmp_path)
    for epoch, start in ((2, 10), (4, 20), (5, 30)):
        one.assign(epoch, start)
    return one


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (-1, (-1, -1)),
        (0, (0, 10)),
        (2, (2, 20)),
        (3, (2, 20)),
        (4, (4, 30)),
        (5, (5, 99)),
        (6, (-1, -1)),
    ],
)
def test_where_an_epoch_ends(
    cache: LeaderEpochFileCache, asked: int, answer: tuple[int, int]
) -> None:
    assert cache.end_offset_for(asked, 99) == answer


@pytest.mark.parametrize(
    ("new", "left"),
    [
        ((5, 40), [(2, 10), (4, 20), (5, 30)]),
        ((5, 25), [(2, 10), (4, 20), (5, 25)]),
        ((6, 30), [(2, 10), (4, 20), (6, 30)]),
        ((6, 15), [(2, 10), (6, 15)]),
        ((3, 50), [(2, 10), (3, 50)]),
    ],
)
def test_an_entry_drops_what_it_contradicts(
    cache: LeaderEpochFileCache, tmp_path: Path, new: tuple[int, int], left: list[tuple[int, int]]
) -> None:
    cache.assign(*new)
    assert list(cache.entries) == left
    assert cache_in(tmp_path).entries == cache.entries


@pytest.mark.parametrize(
    ("start", "left"),
    [
        (5, [(2, 10), (4, 20), (5, 30)]),
        (10, [(2, 10), (4, 20), (5, 30)]),
        (25, [(4, 25), (5, 30)]),
        (99, [(5, 99)]),
    ],
)
def test_truncating_from_the_start(
    cache: LeaderEpochFileCache, tmp_path: Path, start: int, left: list[tuple[int, int]]
) -> None:
    cache.truncate_from_start(start)
    assert list(cache_in(tmp_path).entries) == left


@pytest.mark.parametrize(("end", "left"), [(31, 3), (30, 2), (15, 1), (10, 0)])
def test_truncating_from_the_end(
    cache: LeaderEpochFileCache, tmp_path: Path, end: int, left: int
) -> None:
    cache.truncate_from_end(end)
    assert cache_in(tmp_path).entries == ((2, 10), (4, 20), (5, 30))[:left]


def test_lookups(cache: LeaderEpochFileCache) -> None:
    assert [cache.epoch_for_offset(o) for o in (9, 10, 19, 20, 500)] == [None, 2, 2, 4, 5]
    assert [cache.previous_epoch(e) for e in (2, 3, 5, 9)] == [None, 2, 4, 5]
    with pytest.raises(ValueError, match="cannot begin"):
        cache.assign(-1, 0)


@given(st.binary(max_size=60) | st.text("0123456789 \n-", max_size=40).map(str.encode))
def test_hostile_checkpoints(data: bytes) -> None:
    """Any bytes are ascending entries or one clear sentence."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "leader-epoch-checkpoint").write_bytes(data)
        try:
            entries = cache_in(Path(directory)).entries
        except KafkaStorageException:
            return
        assert list(entries) == sorted(entries)
