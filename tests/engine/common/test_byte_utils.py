"""Variable-length integers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.common.byte_utils import read_varint, read_varlong, size_of_varlong, write_varlong
from engine.common.errors import CorruptRecordException

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(INT64, st.binary(max_size=3), st.binary(max_size=3))
def test_round_trip(value: int, before: bytes, after: bytes) -> None:
    """What is written is read, whatever stands around it, and has the size foretold."""
    out = bytearray(before)
    write_varlong(value, out)
    assert size_of_varlong(value) == len(out) - len(before)
    read, end = read_varlong(memoryview(out + after), len(before))
    assert (read, end) == (value, len(out))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "00"),
        (-1, "01"),
        (1, "02"),
        (-64, "7f"),
        (64, "8001"),
        (2**63 - 1, "fe" + "ff" * 8 + "01"),
    ],
)
def test_known_bytes(value: int, written: str) -> None:
    """The bytes are those of the protocol's own examples."""
    out = bytearray()
    write_varlong(value, out)
    assert out.hex() == written


@pytest.mark.parametrize("data", ["", "80", "ffffffff"])
def test_a_number_cut_short_is_refused(data: str) -> None:
    """A number that the data ends in the middle of is corrupt."""
    with pytest.raises(CorruptRecordException, match="beyond the data"):
        read_varint(memoryview(bytes.fromhex(data)), 0)


def test_a_number_too_long_is_refused() -> None:
    """An int32 has no more than five bytes, an int64 no more than ten."""
    endless = memoryview(b"\xff" * 20)
    with pytest.raises(CorruptRecordException, match="more than 5"):
        read_varint(endless, 0)
    with pytest.raises(CorruptRecordException, match="more than 10"):
        read_varlong(endless, 0)
