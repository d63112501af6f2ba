"""Types of the commands' arguments; argparse turns a ValueError into one sentence and exit code 2.

System calls: none.

Kafka: org.apache.kafka.clients.CommonClientConfigs
"""

import argparse

from engine.clients.client_utils import Address, parse_address


def address(text: str) -> Address:
    """``HOST:PORT``."""
    try:
        return parse_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Adds what every client command needs: the broker and the topic."""
    parser.add_argument(
        "--bootstrap-server", type=address, required=True, metavar="HOST:PORT", help="the broker"
    )
    parser.add_argument("--topic", required=True, help="the topic's name")
