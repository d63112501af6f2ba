"""The process that holds the BPF program: ``python -m traces.probes.bpf.worker < SOCKET``.

A process of its own because detaching takes the kernel 2 seconds, in which the recorder has better
things to do, and because whatever ends a process (kill -9 included) also detaches its programs:
when the recorder dies, the socket closes and the worker leaves.
"""

import os
import socket
import sys
from typing import Final

from traces.probes.bpf import wire
from traces.probes.bpf.bcc_library import BccError
from traces.probes.bpf.btf import BtfError
from traces.probes.bpf.recorder_program import RecorderProgram
from traces.probes.bpf.tracefs import MOUNT_COMMAND, Tracefs, mount_privately

_TROUBLE: Final = (BccError, BtfError, OSError)


def main() -> int:
    """Serve one probe over the socket that is the standard input."""
    channel = socket.socket(fileno=0)
    with channel:
        try:
            program = RecorderProgram(_tracefs())
            program.record(on=True)
        except _TROUBLE as error:
            wire.send(channel, {"error": str(error)})
            return 1
        ready = {"ready": True, "sections": sorted(program.sections)}
        wire.send(channel, ready, program.ring_fd)
        _serve(channel, program)
        program.record(on=False)
    return 0


def _tracefs() -> Tracefs:
    found = Tracefs.find()
    if found is None:
        try:
            mount_privately()
        except OSError as error:
            raise OSError(f"tracefs is not mounted; run: {MOUNT_COMMAND}") from error
        found = Tracefs.find()
    if found is None:
        raise OSError(f"tracefs cannot be read; run as root: {MOUNT_COMMAND}")
    return found


def _serve(channel: socket.socket, program: RecorderProgram) -> None:
    """Answer requests until told to stop or left alone."""
    while True:
        message, _ = wire.receive(channel)
        if message is None:
            return
        if message["do"] == "stop":
            program.record(on=False)
            wire.send(channel, {"lost": program.lost()})
            return
        try:
            program.watch(int(message["pid"]))
        except OSError as error:
            wire.send(channel, {"error": str(error)})
        else:
            wire.send(channel, {"lost": program.lost()})


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # bcc's exit hooks would undo by hand, one by one, what the end of the process undoes at once.
    os._exit(status)
