"""The commands produce and consume, run as people run them."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.clients.client_utils import Address

LINES = b"".join(b"line %d\n" % number for number in range(1000))


def run(*arguments: str, stdin: bytes = b"", code: int = 0) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "engine", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done


def summary(done: "subprocess.CompletedProcess[bytes]") -> dict[str, Any]:
    (line,) = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def produce(broker: Address, data: bytes = LINES, *more: str) -> dict[str, Any]:
    server = ("--bootstrap-server", str(broker), "--topic", "t")
    return summary(run("produce", *server, *more, stdin=data))


def consume(broker: Address, *more: str, code: int = 0) -> "subprocess.CompletedProcess[bytes]":
    server = ("--bootstrap-server", str(broker), "--topic", "t", "--from-beginning")
    return run("consume", *server, *more, code=code)


def test_every_line_comes_back(broker: Address, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(LINES)
    # One batch, so that one partition holds all and the order is the file's.
    sent = produce(broker, b"", "--input", str(source), "--batch-size", "1000000", "--acks", "all")
    got = summary(consume(broker, "--max-messages", "1000", "--output", str(target)))
    assert target.read_bytes() == LINES
    assert sent["sha256"] == got["sha256"] == hashlib.sha256(LINES).hexdigest()
    assert sent["records"] == got["records"] == 1000
    assert sent["bytes"] == got["bytes"] == len(LINES) - 1000


def test_values_go_to_standard_output(broker: Address) -> None:
    produce(broker, LINES, "--batch-size", "1000000")
    assert consume(broker, "--max-messages", "2").stdout == b"line 0\nline 1\n"


def test_no_line_and_lines_without_an_end(broker: Address) -> None:
    assert produce(broker, b"")["records"] == 0
    assert produce(broker, b"a\n\nb")["records"] == 3
    assert sorted(consume(broker, "--max-messages", "3").stdout.split(b"\n")) == [
        b"",
        b"",
        b"a",
        b"b",
    ]


def test_raw_batches(broker: Address, tmp_path: Path) -> None:
    produce(broker, LINES, "--batch-size", "1000000")
    got = summary(consume(broker, "--max-messages", "1000", "--raw-batches"))
    logs = [path.read_bytes() for path in tmp_path.glob("data/t-*/*.log")]
    (written,) = [log for log in logs if log]
    assert got["sha256"] == hashlib.sha256(written).hexdigest()
    assert (got["records"], got["bytes"]) == (1000, len(written))


def test_too_few_records(broker: Address) -> None:
    produce(broker, b"one\n")
    done = consume(broker, "--max-messages", "5", "--timeout-ms", "200", "--summary", code=1)
    assert done.stderr == b"Only 1 of 5 records came.\n"
    assert summary(done)["records"] == 1


def test_a_topic_that_is_not_there(broker: Address) -> None:
    assert b"has no topic 't'" in consume(broker, code=1).stderr


def test_a_name_that_is_no_topic(broker: Address) -> None:
    done = run("produce", "--bootstrap-server", str(broker), "--topic", "a/b", stdin=b"x\n", code=1)
    assert b"'a/b' is no valid topic name" in done.stderr


def test_nobody_listens() -> None:
    address = ("--bootstrap-server", "127.0.0.1:1", "--topic", "t")
    for command in ("produce", "consume"):
        done = run(command, *address, code=1)
        assert done.stderr.count(b"\n") == 1
        assert b"No broker answers at 127.0.0.1:1" in done.stderr


def test_an_input_that_is_not_there(tmp_path: Path) -> None:
    address = ("--bootstrap-server", "127.0.0.1:1", "--topic", "t")
    done = run("produce", *address, "--input", str(tmp_path / "none"), code=1)
    assert b"Cannot read" in done.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ("produce", "--bootstrap-server", "nowhere", "--topic", "t"),
        ("produce", "--bootstrap-server", "h:1", "--topic", "t", "--batch-size", "0"),
        ("produce", "--bootstrap-server", "h:1", "--topic", "t", "--acks", "7"),
        ("consume", "--bootstrap-server", "h:1"),
        ("consume", "--bootstrap-server", "h:1", "--topic", "t", "--max-messages", "-1"),
    ],
)
def test_misuse(wrong: tuple[str, ...]) -> None:
    assert run(*wrong, code=2).stderr.startswith(b"usage:")
