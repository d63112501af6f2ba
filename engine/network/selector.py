"""Drives the connections of one processor: reads frames, writes responses, notices who left.

``poll`` waits once and leaves its findings in ``completed_receives``, ``completed_sends`` and
``disconnected``, which hold until the next ``poll``. At most one frame a connection a poll.

System calls: ``epoll_wait`` and ``epoll_ctl``, and those of ``KafkaChannel``.

Kafka: org.apache.kafka.common.network.Selector
"""

import logging
import time
from collections import OrderedDict

from engine.common.errors import ApiException
from engine.network.invalid_receive_exception import InvalidReceiveException
from engine.network.kafka_channel import KafkaChannel
from engine.network.network_receive import NetworkReceive
from engine.network.network_send import NetworkSend
from engine.nio.selection_key import OP_READ, SelectionKey
from engine.nio.selector import Selector as NioSelector
from engine.nio.socket_channel import SocketChannel

_log = logging.getLogger(__name__)


class Selector:
    """Connections by id, and what the last poll did with them. One thread; ``wakeup`` from any."""

    def __init__(self, max_receive_size: int, connections_max_idle_ms: int) -> None:
        self._nio = NioSelector()
        self._max_receive_size = max_receive_size
        self._max_idle = connections_max_idle_ms / 1000
        self._channels: dict[str, KafkaChannel] = {}
        # Least recently active first.
        self._last_active: OrderedDict[str, float] = OrderedDict()
        self._closed: list[str] = []
        self.completed_receives: dict[str, NetworkReceive] = {}
        self.completed_sends: list[NetworkSend] = []
        self.disconnected: list[str] = []

    def register(self, channel_id: str, socket: SocketChannel) -> None:
        """Take a connection over."""
        socket.configure_blocking(blocking=False)
        key = self._nio.register(socket, OP_READ)
        channel = KafkaChannel(channel_id, socket, key, self._max_receive_size)
        key.attachment = channel
        self._channels[channel_id] = channel
        self._touch(channel)

    def channel(self, channel_id: str) -> KafkaChannel | None:
        """The open connection of that id."""
        return self._channels.get(channel_id)

    def ids(self) -> tuple[str, ...]:
        """All open connections."""
        return tuple(self._channels)

    def send(self, send: NetworkSend) -> None:
        """Begin a send, to be written by ``poll``; dropped if the connection is gone."""
        if channel := self._channels.get(send.destination_id):
            channel.set_send(send)

    def mute(self, channel_id: str) -> None:
        """Read nothing more from a connection for now."""
        if channel := self._channels.get(channel_id):
            channel.mute()

    def unmute(self, channel_id: str) -> None:
        """Read from a connection again."""
        if channel := self._channels.get(channel_id):
            channel.unmute()

    def poll(self, timeout: float | None) -> None:
        """Wait up to ``timeout`` seconds (None: until something happens), then read and write."""
        self.completed_receives = {}
        self.completed_sends = []
        for key in self._nio.select(self._shorter(timeout)):
            self._handle(key)
        self._close_idle()
        self.disconnected, self._closed = self._closed, []

    def wakeup(self) -> None:
        """End the wait of ``poll``."""
        self._nio.wakeup()

    def close_channel(self, channel_id: str) -> None:
        """Close one connection; it will be among the next ``disconnected``."""
        if channel := self._channels.get(channel_id):
            self._close(channel)

    def close(self) -> None:
        """Close every connection and the epoll set."""
        for channel in tuple(self._channels.values()):
            self._close(channel)
        self._nio.close()

    def _handle(self, key: SelectionKey) -> None:
        channel: KafkaChannel = key.attachment
        if not key.valid:
            return
        if not key.ready_ops:
            # Hung up while muted: epoll reports EPOLLHUP whatever the interest (epoll_ctl(2)),
            # so leaving it registered would turn every wait into a spin.
            self._close(channel)
            return
        self._touch(channel)
        if key.is_readable:
            self._attempt_read(channel)
        if channel.id in self._channels and key.is_writable:
            self._attempt_write(channel)

    def _attempt_read(self, channel: KafkaChannel) -> None:
        try:
            receive = channel.read()
        except EOFError:
            self._close(channel)
        except (OSError, InvalidReceiveException) as failure:
            _log.warning("closing connection %s: %s", channel.id, failure)
            self._close(channel)
        else:
            if receive is not None:
                self.completed_receives[channel.id] = receive

    def _attempt_write(self, channel: KafkaChannel) -> None:
        try:
            finished = channel.write()
        except (OSError, ApiException) as failure:
            _log.info("closing connection %s: %s", channel.id, failure)
            self._close(channel)
        else:
            if finished is not None:
                self.completed_sends.append(finished)

    def _close(self, channel: KafkaChannel) -> None:
        self._nio.cancel(channel.key)
        channel.close()
        self._channels.pop(channel.id, None)
        self._last_active.pop(channel.id, None)
        self.completed_receives.pop(channel.id, None)
        self._closed.append(channel.id)

    def _touch(self, channel: KafkaChannel) -> None:
        self._last_active[channel.id] = time.monotonic()
        self._last_active.move_to_end(channel.id)

    def _shorter(self, timeout: float | None) -> float | None:
        """``timeout``, or the time until the longest idle connection has to go, if that is less."""
        if self._max_idle < 0 or not self._last_active:
            return timeout
        oldest = next(iter(self._last_active.values()))
        until_idle = max(0.0, oldest + self._max_idle - time.monotonic())
        return until_idle if timeout is None else min(timeout, until_idle)

    def _close_idle(self) -> None:
        while self._max_idle >= 0 and self._last_active:
            channel_id, last = next(iter(self._last_active.items()))
            if last + self._max_idle > time.monotonic():
                return
            _log.info("closing connection %s: idle for %d ms", channel_id, self._max_idle * 1000)
            self._close(self._channels[channel_id])
