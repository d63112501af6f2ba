"""The command line of the engine, as a person types it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.server.broker import ROOT, Broker, running


def engine(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m engine`` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "engine", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running(tmp_path_factory.mktemp("commands") / "data") as broker:
        yield broker


@pytest.mark.parametrize("command", ["broker", "produce", "consume", "topics", "dump-log"])
def test_help_shows_an_example(command: str) -> None:
    run = engine(command, "--help")
    assert run.returncode == 0
    assert "example: python -m engine" in " ".join(run.stdout.split())


def test_no_command_is_misuse() -> None:
    run = engine()
    assert run.returncode == 2
    assert "COMMAND" in run.stderr


def test_topics_come_and_go(broker: Broker) -> None:
    def topics(*arguments: str) -> subprocess.CompletedProcess[str]:
        return engine("topics", "--bootstrap-server", broker.address, *arguments)

    made = topics(
        "--create", "--topic", "news", "--partitions", "2", "--config", "segment.bytes=9000"
    )
    assert (made.returncode, made.stdout) == (0, "Created topic news.\n")
    again = topics("--create", "--topic", "news")
    assert again.returncode == 1
    assert again.stderr == "topics: topic 'news' already exists (TOPIC_ALREADY_EXISTS)\n"
    assert "news" in topics("--list").stdout.split()
    described = topics("--describe", "--topic", "news").stdout.splitlines()
    assert described[0] == "Topic: news\tPartitionCount: 2\tReplicationFactor: 1"
    assert len(described) == 3
    assert topics("--delete", "--topic", "news").returncode == 0
    assert "news" not in topics("--list").stdout.split()
    gone = topics("--describe", "--topic", "news")
    assert gone.returncode == 1
    assert "there is no topic 'news'" in gone.stderr
    wrong = topics("--create", "--topic", "news", "--config", "bogus=1")
    assert wrong.returncode == 1
    assert "INVALID_CONFIG" in wrong.stderr
    assert topics("--create").returncode == 2


def test_lines_go_in_and_come_out(broker: Broker, tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("".join(f"line {index} of some text\n" for index in range(5000)))
    connection = ("--bootstrap-server", broker.address, "--topic", "lines")
    sent = json.loads(engine("produce", *connection, "--input", str(lines)).stdout)
    out = tmp_path / "out.txt"
    consume = ("--from-beginning", "--max-messages", "5000", "--output", str(out), "--summary")
    received = json.loads(engine("consume", *connection, *consume).stdout)
    assert sent["records"] == received["records"] == 5000
    assert sent["sha256"] == received["sha256"]
    assert out.read_text() == lines.read_text()


def test_nobody_there_is_one_sentence() -> None:
    run = engine("topics", "--bootstrap-server", "127.0.0.1:1", "--list")
    assert run.returncode == 1
    assert run.stderr.startswith("topics: No broker answers at 127.0.0.1:1")
    assert run.stderr.count("\n") == 1
