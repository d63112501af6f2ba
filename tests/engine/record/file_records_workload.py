"""What strace counts: ``python -m tests.engine.record.file_records_workload FILE MODE``.

31 appends of 5000 bytes in the given mode, a flush, and then a search for the last offset from the
file's beginning on, which passes every batch.
"""

import sys

from engine.nio.append_mode import AppendMode
from engine.record.file_records import FileRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder

APPENDS, SIZE = 31, 5000


def main() -> None:
    """Do all of it."""
    records = FileRecords.open(sys.argv[1], append_mode=AppendMode(sys.argv[2]))
    for number in range(APPENDS):
        builder = MemoryRecordsBuilder(base_offset=number)
        builder.append(number, None, bytes(SIZE - 70))
        assert records.append(builder.build()) == SIZE
    records.flush()
    found = records.search_for_offset_with_size(APPENDS - 1, 0)
    assert found == (APPENDS - 1, (APPENDS - 1) * SIZE, SIZE)
    records.close()


if __name__ == "__main__":
    main()
