"""``consume``: records to standard output or a file, or only their checksum.

System calls: ``write`` of the output; those of ``network_client``.

Kafka: org.apache.kafka.tools.consumer.ConsoleConsumer
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

from engine.clients.command_arguments import add_connection, positive
from engine.clients.kafka_consumer import FetchSettings, KafkaConsumer
from engine.clients.kafka_exception import KafkaException
from engine.clients.record_summary import RecordSummary

_OUTPUT_BUFFER = 1 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's options."""
    parser.epilog = (
        "example: python -m engine consume --bootstrap-server 127.0.0.1:9092 "
        "--topic lines --from-beginning --max-messages 10"
    )
    add_connection(parser)
    parser.add_argument("--from-beginning", action="store_true", help="not only what is new")
    parser.add_argument("--max-messages", type=positive, metavar="N", help="stop after N records")
    parser.add_argument(
        "--timeout-ms", type=positive, metavar="MS", help="stop when none has come for this long"
    )
    parser.add_argument("--output", metavar="FILE", help="values, a line each, into this file")
    parser.add_argument("--summary", action="store_true", help="print no values, only the summary")
    parser.add_argument(
        "--raw-batches", action="store_true", help="hash whole batches as they come, unpack nothing"
    )
    parser.add_argument(
        "--fetch-size",
        type=positive,
        default=FetchSettings().max_partition_bytes,
        metavar="BYTES",
        help="most bytes of a partition a fetch (default 1048576)",
    )
    parser.add_argument(
        "--max-wait-ms",
        type=positive,
        default=FetchSettings().max_wait_ms,
        metavar="MS",
        help="how long the broker may hold an empty fetch (default 500)",
    )


def run(args: argparse.Namespace) -> int:
    """Reads until ``--max-messages``, ``--timeout-ms`` or Ctrl-C; 1 if records were missing."""
    summary = RecordSummary()
    try:
        with (
            _opened(args) as output,
            _consumer(args) as consumer,
            contextlib.suppress(KeyboardInterrupt),
        ):
            _seek(consumer, args)
            _read(consumer, args, summary, output)
    except KafkaException as error:
        return _fail(str(error))
    except BrokenPipeError:
        return _fail("Nobody reads the output any more.")
    except OSError as error:
        return _fail(f"Cannot write {args.output or 'standard output'}: {error.strerror}.")
    if args.summary or args.output or args.raw_batches:
        sys.stdout.write(summary.to_json(consumer.requests_sent) + "\n")
    if args.max_messages and summary.records < args.max_messages:
        return _fail(f"Only {summary.records} of {args.max_messages} records came.")
    return 0


def _consumer(args: argparse.Namespace) -> KafkaConsumer:
    settings = FetchSettings(max_wait_ms=args.max_wait_ms, max_partition_bytes=args.fetch_size)
    return KafkaConsumer(args.bootstrap_server, settings=settings)


def _seek(consumer: KafkaConsumer, args: argparse.Namespace) -> None:
    consumer.assign(consumer.partitions_for(args.topic))
    if args.from_beginning:
        consumer.seek_to_beginning()
    else:
        consumer.seek_to_end()


def _read(
    consumer: KafkaConsumer,
    args: argparse.Namespace,
    summary: RecordSummary,
    output: BinaryIO | None,
) -> None:
    """Fetches until enough has come or nothing has come for too long."""
    last_news = time.monotonic()
    while args.max_messages is None or summary.records < args.max_messages:
        before = summary.records
        if args.raw_batches:
            for fetched in consumer.fetch():
                summary.add_raw(fetched.data, fetched.records)
        else:
            _take_records(consumer, args.max_messages, summary, output)
        if summary.records > before:
            last_news = time.monotonic()
        elif args.timeout_ms and time.monotonic() - last_news > args.timeout_ms / 1000:
            return


def _take_records(
    consumer: KafkaConsumer,
    limit: int | None,
    summary: RecordSummary,
    output: BinaryIO | None,
) -> None:
    for _, record in consumer.poll():
        if limit is not None and summary.records >= limit:
            return
        value = b"" if record.value is None else record.value
        summary.add_line(value)
        if output is not None:
            output.write(value)
            output.write(b"\n")
    if output is sys.stdout.buffer:
        output.flush()


@contextlib.contextmanager
def _opened(args: argparse.Namespace) -> Iterator[BinaryIO | None]:
    if args.output is not None:
        # A large buffer: the records' own way is the story here, not the way of their copy.
        with open(args.output, "wb", buffering=_OUTPUT_BUFFER) as file:
            yield file
        return
    yield None if args.summary or args.raw_batches else sys.stdout.buffer


def _fail(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 1
