"""The command ``python -m engine broker``: runs a broker until SIGTERM or SIGINT.

System calls: ``rt_sigtimedwait``: the main thread does nothing but wait for the signal.

Kafka: none, because kafka.Kafka is a main method without a class of its own
"""

import argparse
import errno
import logging
import signal
import sys
from typing import TextIO

from engine.common.errors import ApiException
from engine.server.broker_server import BrokerServer
from engine.server.config_def import ConfigError
from engine.server.kafka_config import KafkaConfig, parse_overrides, parse_properties
from engine.server.kafka_properties import PROPERTIES

EXAMPLE = "example: python -m engine broker --data-dir /tmp/data --port 9092"
_STOP = (signal.SIGTERM, signal.SIGINT)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    rows = "\n".join(f"  {key.name}={key.default}\n      {key.doc}" for key in PROPERTIES)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"{EXAMPLE}\n\nproperties and their defaults:\n{rows}"
    parser.add_argument("properties_file", nargs="?", help="a server.properties file")
    parser.add_argument("--data-dir", help="where the logs lie; made if it does not exist")
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on, 0 for any free one")
    parser.add_argument(
        "--override", action="append", default=[], metavar="NAME=VALUE", help="set a property"
    )


def run(args: argparse.Namespace) -> int:
    """Run until a signal comes; 0 after a clean stop, 1 if it cannot start, 2 for misuse."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    try:
        config, data_dir, host, port = _configure(args)
    except ConfigError as misuse:
        _say(sys.stderr, f"broker: {misuse}")
        return 2
    for name in config.without_effect:
        _say(sys.stderr, f"broker: {name} has no effect on this broker")
    # Blocked before any thread starts, so that every thread inherits it and sigwait gets the signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
    server = BrokerServer(config, data_dir, host, port)
    try:
        server.startup()
        _say(sys.stdout, f"listening on {host}:{server.port}")
        signal.sigwait(_STOP)
        server.shutdown()
    except ApiException as refusal:
        _say(sys.stderr, f"broker: {refusal}")
        return 1
    except OSError as refusal:
        _say(sys.stderr, f"broker: {_explain(refusal, f'{host}:{port}')}")
        return 1
    return 0


def _say(stream: TextIO, line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()


def _configure(args: argparse.Namespace) -> tuple[KafkaConfig, str, str, int]:
    properties = _read(args.properties_file) if args.properties_file else {}
    config = KafkaConfig(properties | parse_overrides(args.override))
    listed_host, listed_port = _listener(config.text("listeners"))
    data_dir = args.data_dir or config.text("log.dirs")
    if not data_dir:
        raise ConfigError("no data directory is given; add --data-dir DIR")
    if "," in data_dir and not args.data_dir:
        raise ConfigError("log.dirs may name one directory only")
    port = args.port if args.port is not None else listed_port
    if not 0 <= port <= 65535:
        raise ConfigError(f"--port {port} is not a port; 0 to 65535 are")
    return config, data_dir, args.host or listed_host, port


def _read(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8") as file:
            return parse_properties(file.read())
    except (OSError, UnicodeDecodeError) as reason:
        raise ConfigError(f"the file {path} cannot be read: {reason}") from None


def _listener(listeners: str) -> tuple[str, int]:
    if not listeners:
        return "127.0.0.1", 9092
    scheme, separator, address = listeners.partition("://")
    host, colon, port = address.rpartition(":")
    if scheme != "PLAINTEXT" or not separator or not colon or not port.isdigit():
        raise ConfigError(f"listeners={listeners} is not of the form PLAINTEXT://host:port")
    return host or "127.0.0.1", int(port)


def _explain(refusal: OSError, where: str) -> str:
    if refusal.errno == errno.EADDRINUSE:
        return f"{where} is taken by another program; choose another --port, or 0 for any free one"
    if refusal.errno == errno.EADDRNOTAVAIL:
        return f"{where} is no address of this machine; choose another --host"
    return str(refusal)
