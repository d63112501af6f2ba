"""Ways to append: the same bytes at the same place, whichever is taken."""

import errno
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.common.errors import KafkaStorageException
from engine.nio import mapped_append
from engine.nio.append_mode import AppendMode
from engine.nio.file_dispatcher import FileDispatcher
from engine.record.file_records import FileRecords
from engine.record.memory_records import MemoryRecords

MODES = list(AppendMode)
STEP = st.one_of(
    st.binary(min_size=1, max_size=9000),
    st.sampled_from([b"x" * 4096, b"y" * 8191, b"z" * 1_100_000]),
    st.floats(0, 1),
)


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=12))
def test_appended_cut_and_read_as_it_goes(
    tmp_path: Path, mode: AppendMode, steps: list[bytes | float]
) -> None:
    """Bytes appended, a cut at any place, again bytes: what is read and what is left is that."""
    path = tmp_path / f"{mode.value}.log"
    path.unlink(missing_ok=True)
    expected = bytearray()
    with closing(FileRecords.open(str(path), append_mode=mode)) as records:
        for step in steps:
            if isinstance(step, float):
                size = int(len(expected) * step)
                records.truncate_to(size)
                del expected[size:]
            else:
                assert records.append(MemoryRecords(step)) == len(step)
                expected += step
            assert records.size_in_bytes() == len(expected)
            found = bytearray(len(expected) + 10)
            assert records.read_into(found, 0) == len(expected)
            assert found[: len(expected)] == expected
        records.flush()
    assert path.read_bytes() == expected


@pytest.mark.parametrize("mode", MODES)
def test_appending_goes_on_after_reopening_and_trimming(tmp_path: Path, mode: AppendMode) -> None:
    """A tail that fills no block, a trim while open, and another way for the second half."""
    path = str(tmp_path / "0.log")
    with closing(FileRecords.open(path, append_mode=mode)) as records:
        records.append(MemoryRecords(b"a" * 5001))
        records.trim()
        assert Path(path).stat().st_size == 5001
        records.append(MemoryRecords(b"b" * 2))
    with closing(FileRecords.open(path, append_mode=AppendMode.WRITE)) as records:
        records.append(MemoryRecords(b"c" * 7))
    with closing(FileRecords.open(path, append_mode=mode)) as records:
        records.append(MemoryRecords(b"d" * 4096))
    assert Path(path).read_bytes() == b"a" * 5001 + b"bb" + b"c" * 7 + b"d" * 4096


def test_a_mapped_log_crosses_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch may begin in one window and end three windows later."""
    monkeypatch.setattr(mapped_append, "WINDOW", 65_536)
    path = tmp_path / "0.log"
    parts = [b"a" * 65_535, b"b" * 3, b"c" * 200_000, b"d" * 62_142]
    with closing(FileRecords.open(str(path), append_mode=AppendMode.MAPPED)) as records:
        for part in parts:
            records.append(MemoryRecords(part))
        assert path.stat().st_size % 65_536 == 0
    assert path.read_bytes() == b"".join(parts)


@pytest.mark.parametrize(
    ("mode", "function"),
    [
        (AppendMode.WRITE, "write"),
        (AppendMode.DIRECT_BUFFER, "write"),
        (AppendMode.MAPPED, "allocate"),
        (AppendMode.DIRECT, "pwrite"),
    ],
)
def test_a_full_disk_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: AppendMode, function: str
) -> None:
    """The refusal is one sentence, the file is as it was, and what comes next stands behind that."""
    path = tmp_path / "0.log"

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with closing(FileRecords.open(str(path), append_mode=mode)) as records:
        records.append(MemoryRecords(b"kept" * 500))
        with monkeypatch.context() as patch:
            patch.setattr(FileDispatcher, function, staticmethod(refuse))
            patch.setattr(mapped_append, "WINDOW", 4096)
            with pytest.raises(KafkaStorageException, match="No space left on device"):
                records.append(MemoryRecords(b"lost" * 2000))
        assert path.stat().st_size == records.size_in_bytes() == 2000
        records.append(MemoryRecords(b"more"))
    assert path.read_bytes() == b"kept" * 500 + b"more"


def test_a_file_system_without_direct_io_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says which setting to change."""
    real = FileDispatcher.open

    def without_direct(path: str, flags: int, mode: int = 0o644) -> int:
        import os

        if flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(path, flags, mode)

    path = str(tmp_path / "0.log")
    with closing(FileRecords.open(path, append_mode=AppendMode.DIRECT)) as records:
        with monkeypatch.context() as patch:
            patch.setattr(FileDispatcher, "open", staticmethod(without_direct))
            with pytest.raises(KafkaStorageException, match=r"use another kafkascope.append.mode"):
                records.append(MemoryRecords(b"x"))
        assert records.size_in_bytes() == 0
