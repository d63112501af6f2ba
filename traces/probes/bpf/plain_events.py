"""Records that turn into one event each, with no memory of what came before."""

from collections.abc import Callable
from typing import Final

from traces.event import (
    BlockComplete,
    BlockIssue,
    ContextSwitch,
    DirtyFolio,
    FileWriteCopy,
    ObservedEvent,
    PageCacheAdd,
    PageCacheGet,
    PageCacheRemove,
    SkbTransmit,
    SocketReadCopy,
    TcpSend,
    WritebackInode,
)
from traces.probes.bpf.records import Record, RecordType, device_number, signed

_SOURCES: Final = ("user", "kernel", "pages")
_OPERATIONS: Final = {0: "read", 1: "write", 2: "flush", 3: "discard", 5: "discard"}

# The task states that sched_switch shows: TASK_UNINTERRUPTIBLE, EXIT_DEAD and EXIT_ZOMBIE; a task
# that could have gone on has none of the low bits.
_DISK: Final = 0x02
_EXITED: Final = 0x10 | 0x20
_STATES: Final = 0xFF


def _cache_get(r: Record) -> ObservedEvent:
    return PageCacheGet(r.ts, r.pid, r.tid, device_number(r.aux), r.a0, r.a1, r.a2)


def _cache_add(r: Record) -> ObservedEvent:
    return PageCacheAdd(r.ts, r.pid, r.tid, device_number(r.aux), r.a0, r.a1, 1 << r.a2)


def _cache_remove(r: Record) -> ObservedEvent:
    return PageCacheRemove(r.ts, r.pid, r.tid, device_number(r.aux), r.a0, r.a1, 1 << r.a2)


def _dirty(r: Record) -> ObservedEvent:
    return DirtyFolio(r.ts, r.pid, r.tid, r.a0, r.a1, device_number(r.aux))


def _writeback(r: Record) -> ObservedEvent:
    return WritebackInode(r.ts, r.pid, r.tid, r.a0, signed(r.a1), device_number(r.aux))


def _write_copy(r: Record) -> ObservedEvent:
    return FileWriteCopy(r.ts, r.pid, r.tid, device_number(r.aux), r.a0, r.a1, r.a2)


def _tcp_send(r: Record) -> ObservedEvent:
    return TcpSend(r.ts, r.pid, r.tid, r.a0, bool(r.a1), _SOURCES[r.aux])


def _skb_transmit(r: Record) -> ObservedEvent:
    index = r.a3 if r.a2 else None
    return SkbTransmit(r.ts, r.pid, r.tid, r.a0, r.a1, r.a2, index)


def _skb_copy(r: Record) -> ObservedEvent:
    return SocketReadCopy(r.ts, r.pid, r.tid, r.a0, r.a1)


def _block_issue(r: Record) -> ObservedEvent:
    operation = _OPERATIONS.get(r.a2, "other")
    index = r.a4 if r.a3 else None
    dev = device_number(r.aux)
    return BlockIssue(r.ts, r.pid, r.tid, dev, r.a0, r.a1, operation, r.a3, index)


def _block_complete(r: Record) -> ObservedEvent:
    operation = _OPERATIONS.get(r.a2, "other")
    return BlockComplete(r.ts, r.pid, r.tid, device_number(r.aux), r.a0, r.a1, operation)


def _switch(r: Record) -> ObservedEvent:
    state = r.a0 & _STATES
    reason = "sleep"
    if not state:
        reason = "preempted"
    elif state & _EXITED:
        reason = "exited"
    elif state & _DISK:
        reason = "disk"
    return ContextSwitch(r.ts, r.pid, r.tid, reason, r.a1)


PLAIN_EVENTS: Final[dict[int, Callable[[Record], ObservedEvent]]] = {
    RecordType.CACHE_GET: _cache_get,
    RecordType.CACHE_ADD: _cache_add,
    RecordType.CACHE_REMOVE: _cache_remove,
    RecordType.DIRTY: _dirty,
    RecordType.WRITEBACK: _writeback,
    RecordType.WRITE_COPY: _write_copy,
    RecordType.TCP_SEND: _tcp_send,
    RecordType.SKB_TRANSMIT: _skb_transmit,
    RecordType.SKB_COPY: _skb_copy,
    RecordType.BLOCK_ISSUE: _block_issue,
    RecordType.BLOCK_COMPLETE: _block_complete,
    RecordType.SWITCH: _switch,
}
"""The event for each kind of record that needs no memory."""
