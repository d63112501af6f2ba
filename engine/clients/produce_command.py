"""``produce``: a line a record, from a file or standard input.

System calls: ``read`` of the input; those of ``network_client``.

Kafka: kafka.tools.ConsoleProducer
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import BinaryIO

from engine.clients.command_arguments import add_connection, positive
from engine.clients.kafka_exception import KafkaException
from engine.clients.kafka_producer import KafkaProducer
from engine.clients.record_summary import RecordSummary
from engine.record.compression_type import CompressionType


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's options."""
    parser.epilog = (
        "example: python -m engine produce --bootstrap-server 127.0.0.1:9092 "
        "--topic lines --input words.txt"
    )
    add_connection(parser)
    parser.add_argument("--input", metavar="FILE", help="a line a record (default: standard input)")
    parser.add_argument(
        "--batch-size", type=positive, default=16_384, metavar="BYTES", help="default 16384"
    )
    parser.add_argument(
        "--acks", choices=("0", "1", "-1", "all"), default="1", help="who must have it (default 1)"
    )
    parser.add_argument(
        "--compression-type",
        choices=[kind.label for kind in CompressionType],
        default=CompressionType.NONE.label,
        help="how batches are compressed (default none)",
    )


def run(args: argparse.Namespace) -> int:
    """Sends every line; prints the summary; 1 after a sentence if that was not possible."""
    summary = RecordSummary()
    try:
        with _opened(args.input) as lines, _producer(args) as producer:
            for line in lines:
                value = line.removesuffix(b"\n")
                producer.send(args.topic, value)
                summary.add_line(value)
    except KafkaException as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"Cannot read {args.input or 'standard input'}: {error.strerror}.")
    sys.stdout.write(summary.to_json(producer.requests_sent) + "\n")
    return 0


def _producer(args: argparse.Namespace) -> KafkaProducer:
    return KafkaProducer(
        args.bootstrap_server,
        batch_size=args.batch_size,
        acks=-1 if args.acks == "all" else int(args.acks),
        compression=CompressionType.for_name(args.compression_type),
    )


@contextlib.contextmanager
def _opened(path: str | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdin.buffer
        return
    with open(path, "rb") as file:
        yield file


def _fail(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 1
