"""A broker in a process of its own, and a client that can send anything."""

import contextlib
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.nio.buffer import Buffer
from engine.protocol.api_keys import ApiKeys
from engine.protocol.messages import encode_request, message_type, parse_response
from engine.protocol.request_header import RequestHeader
from engine.record.memory_records_builder import MemoryRecordsBuilder

ROOT = Path(__file__).parents[3]
QUICK = ("group.initial.rebalance.delay.ms=0", "offsets.topic.num.partitions=2")
DEADLINE_SECONDS = 30


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Return when ``condition`` holds; fail after the deadline."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.005)


class Broker:
    """``python -m engine broker`` on a free port; ``log`` is what it wrote to stderr."""

    def __init__(self, data_dir: Path, *overrides: str, port: int = 0) -> None:
        self.data_dir = data_dir
        self._log_path = data_dir.parent / f"{data_dir.name}.stderr"
        arguments = [f"--override={each}" for each in (*QUICK, *overrides)]
        with self._log_path.open("ab") as log:
            command = [sys.executable, "-m", "engine", "broker", f"--data-dir={data_dir}"]
            self.process = subprocess.Popen(
                [*command, f"--port={port}", *arguments],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.close()
            raise AssertionError(f"the broker did not start: {line!r} {self.log}")
        self.address = line.removeprefix("listening on ").strip()
        host, _, number = self.address.rpartition(":")
        self.host, self.port = host, int(number)

    @property
    def log(self) -> str:
        """What the broker has written to stderr."""
        return self._log_path.read_text()

    def cpu_seconds(self) -> float:
        """User and system time that the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ask the broker to stop; its exit code."""
        self.process.send_signal(with_signal)
        try:
            return self.process.wait(DEADLINE_SECONDS)
        finally:
            self.close()

    def close(self) -> None:
        """End the process, however."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Wire:
    """A connection on which a test sends what it likes."""

    def __init__(self, broker: Broker) -> None:
        self.socket = socket.create_connection((broker.host, broker.port), DEADLINE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, data: Buffer) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def receive_frame(self) -> bytes:
        """The next frame without its size; empty if the broker closed the connection."""
        head = self._receive(4)
        return self._receive(struct.unpack(">i", head)[0]) if head else b""

    def call(self, api_key: ApiKeys, version: int, body: Any) -> Any:
        """A request and its response's body."""
        self.send(frame(api_key, version, body))
        return parse_response(api_key, version, memoryview(self.receive_frame()))[1]

    def _receive(self, size: int) -> bytes:
        received = b""
        while len(received) < size:
            with contextlib.suppress(ConnectionResetError):
                part = self.socket.recv(size - len(received))
                received += part
                if part:
                    continue
            return b""
        return received


def frame(api_key: ApiKeys, version: int, body: Any, correlation_id: int = 7) -> bytes:
    """A request, its size in front."""
    parts = encode_request(RequestHeader(api_key, version, correlation_id, "test"), body)
    return b"".join(bytes(part) for part in parts if isinstance(part, bytes | memoryview))


def api_versions() -> Any:
    """The body of an ApiVersions request."""
    return message_type("ApiVersionsRequest")("test", "1")


def create_topic(wire: Wire, name: str, partitions: int = 1, **configs: str) -> int:
    """Make a topic; the error code. Underscores in the names of settings stand for dots."""
    request = message_type("CreateTopicsRequest")
    settings = [
        request.CreatableTopicConfig(name=key.replace("_", "."), value=value)
        for key, value in configs.items()
    ]
    topic = request.CreatableTopic(
        name=name, num_partitions=partitions, replication_factor=1, configs=settings
    )
    body = request(topics=[topic], timeout_ms=5000)
    return int(wire.call(ApiKeys.CREATE_TOPICS, 4, body).topics[0].error_code)


def batch(values: Sequence[bytes]) -> bytes:
    """A record batch."""
    builder = MemoryRecordsBuilder()
    for value in values:
        builder.append(1_700_000_000_000, None, value)
    return bytes(builder.build().buffer)


def produce_body(topic: str, records: bytes, acks: int = 1, partition: int = 0) -> Any:
    """The body of a Produce request for one partition."""
    request = message_type("ProduceRequest")
    data = request.PartitionProduceData(index=partition, records=memoryview(records))
    topic_data = request.TopicProduceData(name=topic, partition_data=[data])
    return request(acks=acks, timeout_ms=5000, topic_data=[topic_data])


def produce(wire: Wire, topic: str, records: bytes, version: int = 8) -> Any:
    """Append to partition 0; the partition's answer."""
    answer = wire.call(ApiKeys.PRODUCE, version, produce_body(topic, records))
    return answer.responses[0].partition_responses[0]


def fetch_body(
    topic: str, offset: int, *, wait_ms: int = 0, min_bytes: int = 1, max_bytes: int = 1 << 30
) -> Any:
    """The body of a Fetch request for partition 0."""
    request = message_type("FetchRequest")
    partition = request.FetchPartition(
        partition=0, fetch_offset=offset, partition_max_bytes=max_bytes, current_leader_epoch=-1
    )
    wanted = request.FetchTopic(topic=topic, partitions=[partition])
    return request(
        max_wait_ms=wait_ms,
        min_bytes=min_bytes,
        max_bytes=max_bytes,
        session_epoch=-1,
        topics=[wanted],
    )


def fetched(answer: Any) -> Any:
    """The one partition of a Fetch response."""
    return answer.responses[0].partitions[0]


@contextlib.contextmanager
def running(data_dir: Path, *overrides: str) -> Iterator[Broker]:
    """A broker that is stopped in order at the end, which must succeed."""
    with Broker(data_dir, *overrides) as broker:
        yield broker
        assert broker.stop() == 0, broker.log
