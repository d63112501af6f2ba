"""The broker as a process: start, stop, refusals, what survives a restart, idleness."""

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.protocol.api_keys import ApiKeys
from engine.protocol.messages import message_type
from engine.record.memory_records import MemoryRecords
from tests.engine.server.broker import (
    ROOT,
    Broker,
    Wire,
    batch,
    create_topic,
    fetch_body,
    fetched,
    frame,
    produce,
    running,
    wait_until,
)


def refused(*arguments: str) -> tuple[int, str]:
    """Run a broker that must not start; its exit code and what it says."""
    run = subprocess.run(
        [sys.executable, "-m", "engine", "broker", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
    return run.returncode, run.stderr.strip()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_order(tmp_path: Path, stop: signal.Signals) -> None:
    data = tmp_path / "data"
    with Broker(data) as broker, Wire(broker) as wire:
        create_topic(wire, "kept")
        produce(wire, "kept", batch([b"value"]))
        assert not (data / ".kafka_cleanshutdown").exists()
        assert broker.stop(stop) == 0
    assert (data / ".kafka_cleanshutdown").exists()
    assert (data / "kept-0" / "00000000000000000000.index").stat().st_size < 10 << 20


def test_it_stops_while_a_fetch_waits(tmp_path: Path) -> None:
    with Broker(tmp_path / "data") as broker, Wire(broker) as wire:
        create_topic(wire, "waits")
        wire.send(frame(ApiKeys.FETCH, 11, fetch_body("waits", 0, wait_ms=600_000)))
        assert broker.stop() == 0


def test_a_busy_port_is_one_sentence(tmp_path: Path) -> None:
    with running(tmp_path / "data") as broker:
        code, text = refused(f"--data-dir={tmp_path / 'other'}", f"--port={broker.port}")
    assert code == 1
    assert re.fullmatch(r"broker: 127\.0\.0\.1:\d+ is taken by another program; .*", text)


def test_a_held_data_directory_is_one_sentence(tmp_path: Path) -> None:
    with running(tmp_path / "data"):
        code, text = refused(f"--data-dir={tmp_path / 'data'}", "--port=0")
    assert code == 1
    assert text.startswith("broker: The data directory")
    assert text.count("\n") == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port=0"], "no data directory"),
        (["--data-dir=x", "--override=num.io.thread=8"], "did you mean num.io.threads?"),
        (["--data-dir=x", "--override=num.io.threads=none"], "not a valid int"),
        (["--data-dir=x", "--override=num.io.threads=0"], "at least 1"),
        (["--data-dir=x", "--override=num.io.threads"], "name=value"),
        (["--data-dir=x", "--override=log.segment.bytes=a"], "log.segment.bytes"),
        (["--data-dir=x", "--port=70000"], "0 to 65535"),
        (["--data-dir=x", "/no/such/file"], "cannot be read"),
        (["--data-dir=x", "--bogus"], "unrecognized arguments"),
    ],
)
def test_misuse_is_exit_code_2(arguments: list[str], says: str) -> None:
    code, text = refused(*arguments)
    assert code == 2
    assert says in text


def test_a_properties_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "server.properties"
    file.write_text(
        "# a comment\nlisteners=PLAINTEXT://127.0.0.1:0\nnum.partitions = 3\n"
        f"log.dirs={tmp_path / 'data'}\nzookeeper.connect=nowhere:2181\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "broker", str(file)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("listening on 127.0.0.1:")
    process.terminate()
    _, log = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "zookeeper.connect has no effect" in log


def test_records_topics_and_settings_survive_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as broker, Wire(broker) as wire:
        create_topic(wire, "kept", 3, max_message_bytes="1000")
        produce(wire, "kept", batch([b"still here"]))
    with running(data) as broker, Wire(broker) as wire:
        answer = fetched(wire.call(ApiKeys.FETCH, 11, fetch_body("kept", 0)))
        assert b"still here" in bytes(answer.records)
        assert produce(wire, "kept", batch([bytes(2000)])).error_code == 10
        metadata = wire.call(ApiKeys.METADATA, 8, message_type("MetadataRequest")(topics=None))
    assert [(t.name, len(t.partitions)) for t in metadata.topics] == [("kept", 3)]


def test_records_survive_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Broker(data) as broker, Wire(broker) as wire:
        create_topic(wire, "kept")
        produce(wire, "kept", batch([b"written"]))
        broker.process.kill()
        broker.process.wait()
    with running(data) as broker, Wire(broker) as wire:
        answer = fetched(wire.call(ApiKeys.FETCH, 11, fetch_body("kept", 0)))
    assert b"written" in bytes(answer.records)
    assert answer.high_watermark == 1


def test_an_idle_broker_sleeps(tmp_path: Path) -> None:
    with running(tmp_path / "data") as broker, Wire(broker) as wire:
        create_topic(wire, "idle")
        before = broker.cpu_seconds()
        # The time is the measurement here, not a wait for something.
        threading.Event().wait(1.5)
        assert broker.cpu_seconds() - before <= 0.03


def test_idle_connections_are_closed(tmp_path: Path) -> None:
    with running(tmp_path / "data", "connections.max.idle.ms=300") as broker, Wire(broker) as wire:
        assert wire.receive_frame() == b""
        wait_until(lambda: "idle for 300 ms" in broker.log, "a log line")


@pytest.mark.parametrize("mode", ["auto", "sendfile", "mmap", "read-write", "splice"])
def test_every_transfer_mode_sends_the_same_bytes(tmp_path: Path, mode: str) -> None:
    values = [b"%d " % index * 50 for index in range(2000)]
    with (
        running(tmp_path / "data", f"kafkascope.transfer.mode={mode}") as broker,
        Wire(broker) as wire,
    ):
        create_topic(wire, "modes")
        for start in range(0, len(values), 500):
            produce(wire, "modes", batch(values[start : start + 500]))
        received = bytes(fetched(wire.call(ApiKeys.FETCH, 11, fetch_body("modes", 0))).records)
    assert [b.base_offset for b in MemoryRecords(received).batches()] == [0, 500, 1000, 1500]
    assert [bytes(r.value or b"") for r in MemoryRecords(received).records()] == values
