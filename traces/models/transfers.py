"""Which bytes a returning system call moved, between what, and whether the CPU copied them."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from traces.event import Copy, Dma, Evidence, FdRef, HandOver, Region, SyscallExit
from traces.models.calls import (
    BUFFER_CALLS,
    READS,
    RECEIVES,
    SENDFILES,
    SENDS,
    WRITES,
    Call,
    is_cached_file,
)
from traces.models.mappings import Mappings

Moved: TypeAlias = Copy | HandOver | Dma
Place: TypeAlias = tuple[FdRef | None, int | None]
"""A file and an offset in it, where known."""

KERNEL_ONLY: Final = SENDFILES | {"splice", "copy_file_range"}
"""Calls that move bytes without user space seeing them."""


def source_of_write_copy(call: Call | None) -> Region:
    """Say where the bytes of an observed copy into the page cache came from."""
    if call is None or call.name not in KERNEL_ONLY:
        return Region.USER
    source = call.source_and_target()[0]
    return Region.PIPE if source is not None and source.kind == "pipe" else Region.PAGE_CACHE


def transfers(
    call: Call,
    event: SyscallExit,
    mappings: Mappings,
    capabilities: Mapping[str, bool],
    *,
    direct: bool,
) -> tuple[Moved, ...]:
    """Return what ``call`` moved, as far as no probe saw it; ``event.ret`` is above zero."""
    if call.name in KERNEL_ONLY:
        return _kernel_only(call, event, capabilities)
    outward = call.name in WRITES or call.name in SENDS
    ref = call.ref(0, 0)
    if ref is None or not (outward or call.name in READS or call.name in RECEIVES):
        return ()
    if ref.kind == "socket":
        step = _send(call, event, mappings) if outward else _receive(call, event)
        return (*step, *_card(ref, event, outward=outward))
    if ref.kind == "pipe":
        ends = (Region.USER, Region.PIPE) if outward else (Region.PIPE, Region.USER)
        return (_copy(event, *ends, event.ret, rule="pipe-return"),)
    if direct or not is_cached_file(ref):
        return ()
    return _write(call, event, ref) if outward else _read(call, event, ref)


def _write(call: Call, event: SyscallExit, ref: FdRef) -> tuple[Moved, ...]:
    if call.write_copied:
        return ()
    ends = (Region.USER, Region.PAGE_CACHE)
    return (_copy(event, *ends, event.ret, rule="write-return", at=(ref, call.offset(ref))),)


def _read(call: Call, event: SyscallExit, ref: FdRef) -> tuple[Moved, ...]:
    ends = (Region.PAGE_CACHE, Region.USER)
    return (_copy(event, *ends, event.ret, rule="read-return", at=(ref, call.offset(ref))),)


def _receive(call: Call, event: SyscallExit) -> tuple[Moved, ...]:
    if call.socket_copied:
        return ()
    return (_copy(event, Region.SOCKET, Region.USER, event.ret, rule="recv-return"),)


def _send(call: Call, event: SyscallExit, mappings: Mappings) -> tuple[Moved, ...]:
    if call.spliced:
        return ()
    ends, size = (Region.USER, Region.SOCKET), event.ret
    address = call.args[1] if call.name in BUFFER_CALLS and len(call.args) > 1 else None
    mapping = mappings.at(event.pid, address) if address is not None else None
    if mapping is not None and address is not None:
        ref = FdRef(-1, "file", mapping.dev, mapping.ino)
        at = (ref, mapping.offset + address - mapping.address)
        return (_copy(event, Region.MAPPING, ends[1], size, rule="send-return", at=at),)
    if call.file_fault is not None:
        at_file = (FdRef(-1, "file", 0, call.file_fault), None)
        return (_copy(event, Region.MAPPING, ends[1], size, rule="send-return", at=at_file),)
    return (_copy(event, *ends, size, rule="send-return"),)


def _kernel_only(
    call: Call, event: SyscallExit, capabilities: Mapping[str, bool]
) -> tuple[Moved, ...]:
    source, target = call.source_and_target()
    if source is None or target is None:
        return ()
    at = (source, call.offset(source)) if source.kind == "file" else (None, None)
    if target.kind == "socket":
        card = _card(target, event, outward=True)
        if capabilities.get("skb_owner") and _is_tcp(target):
            return card
        return (_to_socket(event, source, at), *card)
    if target.kind == "file" and not call.write_copied:
        ends = (source_of_write_copy(call), Region.PAGE_CACHE)
        return (_copy(event, *ends, event.ret, rule="file-to-file", at=(target, target.position)),)
    if target.kind == "pipe":
        region = Region.PAGE_CACHE if source.kind == "file" else Region.SOCKET
        return (_hand(event, region, Region.PIPE, rule="splice-to-pipe", at=at),)
    return ()


def _to_socket(event: SyscallExit, source: FdRef, at: Place) -> HandOver:
    if source.kind == "pipe":
        return _hand(event, Region.PIPE, Region.SOCKET, rule="splice-return", at=at)
    return _hand(event, Region.PAGE_CACHE, Region.SOCKET, rule="sendfile-return", at=at)


def _is_tcp(ref: FdRef) -> bool:
    """A socket of unknown name is taken for TCP: a broker has no other that sends files."""
    return ref.name is None or ref.name.startswith("tcp")


def _card(ref: FdRef, event: SyscallExit, *, outward: bool) -> tuple[Moved, ...]:
    if not _is_remote(ref.name):
        return ()
    ends = (Region.SOCKET, Region.NIC) if outward else (Region.NIC, Region.SOCKET)
    return (
        Dma(
            *(event.ts, event.pid, event.tid, *ends, event.ret),
            evidence=Evidence.MODELLED,
            rule="nic-dma",
        ),
    )


@lru_cache(maxsize=1024)
def _is_remote(name: str | None) -> bool:
    """Say whether ``tcp LOCAL->REMOTE`` leaves this machine; an unclear name does not."""
    if name is None or not name.startswith("tcp ") or "->" not in name:
        return False
    local, remote = (end.rpartition(":")[0].strip("[]") for end in name[4:].split("->", 1))
    try:
        return local != remote and not ipaddress.ip_address(remote).is_loopback
    except ValueError:
        return False


def _copy(
    event: SyscallExit,
    source: Region,
    target: Region,
    size: int,
    *,
    rule: str,
    at: Place = (None, None),
) -> Copy:
    ref, offset = at
    return Copy(
        *(event.ts, event.pid, event.tid, source, target, size),
        evidence=Evidence.DERIVED,
        rule=rule,
        dev=ref.dev if ref else 0,
        ino=ref.ino if ref else 0,
        offset=offset,
    )


def _hand(
    event: SyscallExit,
    source: Region,
    target: Region,
    *,
    rule: str,
    at: Place,
) -> HandOver:
    ref, offset = at
    return HandOver(
        *(event.ts, event.pid, event.tid, source, target, event.ret),
        evidence=Evidence.DERIVED,
        rule=rule,
        dev=ref.dev if ref else 0,
        ino=ref.ino if ref else 0,
        offset=offset,
    )
