"""Records through shared memory, in order, around the ring and from many threads."""

import struct
import threading
from pathlib import Path

import pytest

from traces.probes.ring.layout import NOTE_FILE, create_ring
from traces.probes.ring.reader import RingReader
from traces.probes.ring.writer import RingWriter

RECORD = struct.Struct("<QII")


def test_records_come_back_in_order_over_many_laps(tmp_path: Path) -> None:
    path = str(tmp_path / "ring")
    create_ring(path, RECORD, 200, notes=4)
    writer, reader = RingWriter(path, RECORD), RingReader(path, RECORD)
    seen = []
    for number in range(5000):
        writer.put(number, number % 7)
        if number % 97 == 0:
            seen += [fields[0] for fields in reader.drain()]
    seen += [fields[0] for fields in reader.drain()]
    assert seen == list(range(5000))
    assert reader.lost == 0
    reader.close()


def test_a_full_ring_loses_and_counts_and_goes_on(tmp_path: Path) -> None:
    path = str(tmp_path / "ring")
    create_ring(path, RECORD, 100, notes=4)
    writer, reader = RingWriter(path, RECORD), RingReader(path, RECORD)
    for number in range(100):
        writer.put(number, 0)
    assert [fields[0] for fields in reader.drain()] == list(range(36))
    assert reader.lost == 64
    writer.put(1000, 0)
    assert [fields[0] for fields in reader.drain()] == [1000]
    reader.close()


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "ring")
    create_ring(path, RECORD, 50_000, notes=16)
    writer, reader = RingWriter(path, RECORD), RingReader(path, RECORD)

    def work(place: int) -> None:
        for number in range(1000):
            writer.put(place * 1000 + number, writer.tid())

    threads = [threading.Thread(target=work, args=(n,), name=f"w{n}") for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fields[0] for fields in reader.drain()) == list(range(8000))
    assert {note.text for note in reader.notes()} == {f"w{n}" for n in range(8)}
    reader.close()


def test_notes_are_bounded(tmp_path: Path) -> None:
    path = str(tmp_path / "ring")
    create_ring(path, RECORD, 100, notes=2)
    writer, reader = RingWriter(path, RECORD), RingReader(path, RECORD)
    for number in range(5):
        writer.note(NOTE_FILE, number, -number, "长" * 1000)
    notes = reader.notes()
    assert [(note.a, note.b) for note in notes] == [(0, 0), (1, -1)]
    assert all(note.text.startswith("长长长") for note in notes)
    reader.close()


def test_a_wrong_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(10_000))
    with pytest.raises(ValueError, match="not a ring"):
        RingWriter(str(tmp_path / "x"), RECORD)
