"""Committed offsets in Kafka's own record format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.common.topic_partition import TopicPartition
from engine.coordinator.group_metadata import OffsetAndMetadata
from engine.coordinator.offset_records import (
    OffsetKey,
    decode_key,
    decode_value,
    encode_key,
    encode_value,
    partition_for,
)

INT64 = st.integers(-(2**63), 2**63 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)


def test_the_bytes_are_kafkas() -> None:
    key = OffsetKey("g", TopicPartition("topic", 3))
    assert encode_key(key).hex() == "0001" + "000167" + "0005746f706963" + "00000003"
    value = encode_value(OffsetAndMetadata(42, 7, "m", 1000))
    assert value.hex() == "0003" + f"{42:016x}" + "00000007" + "00016d" + f"{1000:016x}"


@given(st.text(max_size=50), st.text(max_size=50), INT32)
def test_keys_come_back(group: str, topic: str, partition: int) -> None:
    key = OffsetKey(group, TopicPartition(topic, partition))
    assert decode_key(encode_key(key)) == key


@given(INT64, INT32, st.text(max_size=50), INT64)
def test_values_come_back(offset: int, epoch: int, metadata: str, time: int) -> None:
    committed = OffsetAndMetadata(offset, epoch, metadata, time)
    assert decode_value(encode_value(committed)) == committed


def test_older_values_are_read() -> None:
    version_1 = "0001" + f"{9:016x}" + "0000" + f"{5:016x}" + f"{6:016x}"
    assert decode_value(bytes.fromhex(version_1)) == OffsetAndMetadata(9, -1, "", 5)


def test_other_keys_are_skipped_and_cut_ones_refused() -> None:
    assert decode_key(bytes.fromhex("0002000167")) is None
    whole = encode_key(OffsetKey("group", TopicPartition("topic", 1)))
    for size in range(len(whole)):
        with pytest.raises(ValueError, match="cut"):
            decode_key(whole[:size])
    with pytest.raises(ValueError, match="not known"):
        decode_value(bytes.fromhex("0009") + bytes(30))


@pytest.mark.parametrize(
    ("group", "partition"),
    # "polygenelubricants".hashCode() is Integer.MIN_VALUE: its sign bit alone is cut off.
    [("", 0), ("a", 47), ("hello", 22), ("polygenelubricants", 0)],
)
def test_the_partition_of_a_group(group: str, partition: int) -> None:
    assert partition_for(group, 50) == partition
