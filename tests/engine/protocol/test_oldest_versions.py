"""Versions that Kafka 4's schemas no longer count as valid, against kafka-python's older code."""

import importlib
import warnings
from typing import Any

import pytest

from engine.protocol.message_codec import codec, message
from tests.engine.protocol.values import encoded

CASES: list[tuple[str, int, dict[str, Any], str, tuple[Any, ...]]] = [
    (
        "CreateTopicsRequest",
        0,
        {"timeout_ms": 9},
        "admin.CreateTopicsRequest_v0",
        ([("t", 2, 1, [(0, [1])], [("k", "v")])], 9),
    ),
    (
        "CreateTopicsRequest",
        1,
        {"timeout_ms": 9, "validate_only": True},
        "admin.CreateTopicsRequest_v1",
        ([("t", 2, 1, [(0, [1])], [("k", None)])], 9, True),
    ),
    ("CreateTopicsResponse", 0, {}, "admin.CreateTopicsResponse_v0", ([("t", 36)],)),
    ("CreateTopicsResponse", 1, {}, "admin.CreateTopicsResponse_v1", ([("t", 36, "there")],)),
    ("DeleteTopicsRequest", 0, {"timeout_ms": 9}, "admin.DeleteTopicsRequest_v0", (["t"], 9)),
    ("DeleteTopicsResponse", 0, {}, "admin.DeleteTopicsResponse_v0", ([("t", 3)],)),
    ("DescribeConfigsRequest", 0, {}, "admin.DescribeConfigsRequest_v0", ([(2, "t", ["k"])],)),
    (
        "DescribeConfigsResponse",
        0,
        {"throttle_time_ms": 4},
        "admin.DescribeConfigsResponse_v0",
        (4, [(0, None, 2, "t", [("k", "v", True, False, True)])]),
    ),
    (
        "OffsetCommitRequest",
        1,
        {"group_id": "g"},
        "commit.OffsetCommitRequest_v1",
        ("g", 5, "m", [("t", [(0, 77, 1234, "note")])]),
    ),
    ("OffsetCommitResponse", 1, {}, "commit.OffsetCommitResponse_v1", ([("t", [(0, 25)])],)),
    *(
        (
            "ProduceRequest",
            version,
            {"acks": 1, "timeout_ms": 9},
            f"produce.ProduceRequest_v{version}",
            (1, 9, [("t", [(0, b"set")])]),
        )
        for version in (0, 1, 2)
    ),
    ("ProduceResponse", 0, {}, "produce.ProduceResponse_v0", ([("t", [(0, 0, 55)])],)),
    (
        "ProduceResponse",
        1,
        {"throttle_time_ms": 4},
        "produce.ProduceResponse_v1",
        ([("t", [(0, 0, 55)])], 4),
    ),
    (
        "ProduceResponse",
        2,
        {"throttle_time_ms": 4},
        "produce.ProduceResponse_v2",
        ([("t", [(0, 0, 55, -1)])], 4),
    ),
]


def older_class(path: str) -> Any:
    """A message class of kafka-python's, whose import warns of Python's own future."""
    module, _, name = path.partition(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return getattr(importlib.import_module(f"kafka.protocol.old.{module}"), name)


@pytest.mark.parametrize(
    ("name", "version", "plain", "theirs", "values"), CASES, ids=lambda v: str(v)[:24]
)
def test_kafka_python_agrees(
    name: str, version: int, plain: dict[str, Any], theirs: str, values: tuple[Any, ...]
) -> None:
    raw = older_class(theirs)(*values).encode()
    body, end = codec(name, version).decode(memoryview(raw))
    assert end == len(raw)
    assert encoded(name, version, body) == raw
    assert {field: getattr(body, field) for field in plain} == plain


def test_every_case_is_below_the_schemas_own_range() -> None:
    for name, version, *_ in CASES:
        assert version in message(name)[0].versions
