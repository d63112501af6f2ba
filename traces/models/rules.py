"""The rules by which copies, hand-overs, look-ups and DMA follow from what a probe saw: one table.

Each derived event names its row here. A row says in one sentence what is concluded, from which
events, how sure that is, and what it cannot see. The facts behind them: sendfile(2), splice(2),
mmap(2), the kernel's Documentation/networking/msg_zerocopy.rst, and measurements on Linux 6.18
(all 4 194 304 bytes of a sendfile lay on pages of the file; none of a read + send did).
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from traces.event import DerivedEvent, Evidence

_OBSERVED, _DERIVED, _MODELLED = Evidence.OBSERVED, Evidence.DERIVED, Evidence.MODELLED


class Rule(msgspec.Struct, frozen=True):
    """One row: ``inputs`` are the kinds of event (tags in a trace) that the rule reads."""

    name: str
    sentence: str
    inputs: tuple[str, ...]
    evidence: Evidence
    blind_spot: str


_ROWS: Final = (
    Rule(
        "write-copy",
        "The file system reported that it copied these bytes from user space into the page cache.",
        ("write-copy",),
        _OBSERVED,
        "Only file systems with such a tracepoint (ext4) report it.",
    ),
    Rule(
        "write-return",
        "A write to a regular file returned: the CPU copied that many bytes into the page cache.",
        ("enter", "exit"),
        _DERIVED,
        "A file opened with O_DIRECT before the trace began looks like any other.",
    ),
    Rule(
        "read-return",
        "A read from a regular file returned: the CPU copied that many bytes out of the page cache.",
        ("enter", "exit"),
        _DERIVED,
        "No tracepoint shows the copy; a file opened with O_DIRECT before the trace began "
        "looks like any other.",
    ),
    Rule(
        "send-return",
        "A send returned and no page was spliced: the CPU copied that many bytes into the socket; "
        "they came from a mapping if the buffer lies in one or the copy faulted on a file.",
        ("enter", "exit", "tcp-send", "fault"),
        _DERIVED,
        "The buffers of sendmsg and writev are not known by address, and strace and the in-process "
        "probe tell none at all: a mapping then shows as user memory. MSG_ZEROCOPY and sendmmsg "
        "are not looked at.",
    ),
    Rule(
        "skb-copy",
        "The kernel reported that it copied these bytes from a network buffer to user space.",
        ("skb-copy",),
        _OBSERVED,
        "Unix sockets do not report it.",
    ),
    Rule(
        "recv-return",
        "A receive returned and no copy was reported: the CPU copied that many bytes to user space.",
        ("enter", "exit"),
        _DERIVED,
        "MSG_TRUNC returns more than it copies; recvmmsg is not looked at.",
    ),
    Rule(
        "pipe-return",
        "A read or write on a pipe returned: the CPU copied that many bytes.",
        ("enter", "exit"),
        _DERIVED,
        "None known.",
    ),
    Rule(
        "file-to-file",
        "sendfile, splice or copy_file_range wrote to a file: the kernel copied between page "
        "caches, user space did not see the bytes.",
        ("enter", "exit", "write-copy"),
        _DERIVED,
        "A file system that shares blocks (reflink) copies nothing and looks the same.",
    ),
    Rule(
        "skb-owner",
        "The pages that left in a network buffer belong to the file: handed over, not copied.",
        ("skb-xmit",),
        _OBSERVED,
        "A retransmitted buffer is counted again; only the first 17 fragments can be looked at.",
    ),
    Rule(
        "sendfile-return",
        "sendfile returned: that many bytes went to the socket by reference to their pages.",
        ("enter", "exit"),
        _DERIVED,
        "A socket that cannot take pages (TLS, some drivers) makes the kernel copy after all.",
    ),
    Rule(
        "splice-to-pipe",
        "splice from a file returned: the pipe now refers to the pages. A stopover, so it is drawn "
        "but not added to the bytes by reference.",
        ("enter", "exit"),
        _DERIVED,
        "None known.",
    ),
    Rule(
        "splice-return",
        "splice from a pipe to a socket returned: that many bytes went on by reference.",
        ("enter", "exit"),
        _DERIVED,
        "Bytes that were written to the pipe, not spliced, were copied once before.",
    ),
    Rule(
        "lookup-adds",
        "Of the pages that a read asked for: missing are those that entered the cache during the "
        "call, prefetched those that an earlier read-ahead had brought, hit the rest.",
        ("enter", "exit", "cache-add", "cache-get"),
        _DERIVED,
        "A page that was present with its I/O still under way counts as a hit; a page cached "
        "before the trace began is a hit whoever brought it.",
    ),
    Rule(
        "lookup-cachestat",
        "cachestat(2) just before the call said how many of its pages were cached.",
        ("cachestat", "enter", "exit"),
        _OBSERVED,
        "Pages that read-ahead brought count as hits; another process may act in between.",
    ),
    Rule(
        "block-dma",
        "A block request went to the device, which moves its bytes between memory and disk itself.",
        ("block-issue",),
        _DERIVED,
        "The transfer itself shows no event; a virtual disk may copy on the host.",
    ),
    Rule(
        "nic-dma",
        "Bytes sent to or received from another machine pass the network card by DMA.",
        ("enter", "exit"),
        _MODELLED,
        "No event shows it; on loopback there is no card and nothing is drawn.",
    ),
)

RULES: Final[dict[str, Rule]] = {rule.name: rule for rule in _ROWS}
"""Every rule by name, in the order of a record's journey."""


def explain(derived: Iterable[DerivedEvent]) -> tuple[str, ...]:
    """Return one sentence a rule that was used, in order, each rule once."""
    names = dict.fromkeys(event.rule for event in derived)
    return tuple(RULES[name].sentence for name in names if name in RULES)
