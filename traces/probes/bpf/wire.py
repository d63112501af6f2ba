"""What the probe and its worker say to each other: one JSON object a message, both ways.

The socket keeps message bounds (SOCK_SEQPACKET). Probe to worker: ``{"do": "watch", "pid": N}``,
``{"do": "stop"}``. Worker to probe, once: ``{"ready": true, "sections": [...]}`` with the ring's
descriptor beside it (SCM_RIGHTS, unix(7)); then an answer for each request, ``{"lost": N}`` or
``{"error": "one sentence"}``. An end of the socket that closes ends the worker.
"""

import json
import socket
from typing import Any, Final

_LARGEST: Final = 65536

Message = dict[str, Any]


def send(channel: socket.socket, message: Message, *descriptors: int) -> None:
    """Send one message, with descriptors if there are any; raises OSError."""
    payload = json.dumps(message).encode()
    if descriptors:
        socket.send_fds(channel, [payload], list(descriptors))
    else:
        channel.sendall(payload)


def receive(channel: socket.socket) -> tuple[Message | None, list[int]]:
    """Wait for one message; None when the other end is gone. Raises OSError (also on timeout)."""
    payload, descriptors, _, _ = socket.recv_fds(channel, _LARGEST, 1)
    if not payload:
        return None, descriptors
    message: Message = json.loads(payload)
    return message, descriptors
