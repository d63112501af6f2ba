"""The sections of the BPF program, what each needs of the kernel, and what each lets a trace see.

A section is compiled in when its tracepoint exists with the fields named and every kernel field it
reads is in BTF; otherwise it is left out and a sentence in ``gaps`` says what is not seen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from traces.probes.base import capability_table

_INODE: Final = ("inode.i_ino", "inode.i_sb", "super_block.s_dev")
_PAGE: Final = (
    *_INODE,
    "inode.i_mode",
    "page.compound_head",
    "page.mapping",
    "address_space.host",
    "folio.index",
)
_FRAGMENTS: Final = (
    *_PAGE,
    "sk_buff.head",
    "sk_buff.end",
    "sk_buff.sk",
    "skb_shared_info.nr_frags",
    "skb_shared_info.frags",
)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the program: WITH_<name> in C.

    ``tracepoints``: ``category/event``, all needed; ``fields``: of the first of them, all needed;
    ``optional``: fields that the C code asks for by HAVE_FIELD_<event>__<field>; ``kernel``: BTF
    paths; ``blind``: the sentence for ``gaps`` when the section is left out.
    """

    name: str
    tracepoints: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    kernel: tuple[str, ...] = ()
    blind: str = ""


_CACHE = ("s_dev", "i_ino", "index")

SECTIONS: Final = (
    Section("INODES", kernel=_INODE),
    Section("PAGES", kernel=_PAGE),
    Section(
        "FD_IDENTITY",
        ("raw_syscalls/sys_enter",),
        kernel=(
            *_INODE,
            "inode.i_mode",
            "inode.i_size",
            "inode.i_generation",
            "task_struct.files",
            "files_struct.fdt",
            "fdtable.fd",
            "fdtable.max_fds",
            "file.f_inode",
            "file.f_pos",
            "file.f_flags",
            "file.f_path.dentry",
            "dentry.d_name.name",
        ),
        blind="What a file descriptor stood for cannot be read in this kernel.",
    ),
    Section(
        "SOCKET_NAMES",
        kernel=(
            "file.private_data",
            "socket.sk",
            "socket.type",
            "sock.skc_family",
            "sock.skc_num",
            "sock.skc_dport",
            "sock.skc_daddr",
            "sock.skc_rcv_saddr",
            "sock.skc_v6_daddr",
            "sock.skc_v6_rcv_saddr",
        ),
        blind="The two ends of a socket cannot be read in this kernel.",
    ),
    Section(
        "FAULTS",
        ("exceptions/page_fault_user", "exceptions/page_fault_kernel"),
        ("address", "error_code"),
        blind="Whether a page fault came from user or kernel mode is not seen on this kernel.",
    ),
    Section("FAULT_SEVERITY"),
    Section("FILEMAP_FAULT", ("filemap/mm_filemap_fault",), _CACHE),
    Section("MAP_PAGES", ("filemap/mm_filemap_map_pages",), (*_CACHE, "last_index")),
    Section(
        "CACHE_GET",
        ("filemap/mm_filemap_get_pages",),
        (*_CACHE, "last_index"),
        blind="Which pages a read asked the page cache for is not seen on this kernel.",
    ),
    Section(
        "CACHE_ADD",
        ("filemap/mm_filemap_add_to_page_cache",),
        _CACHE,
        ("order",),
        blind="Pages entering the page cache are not seen on this kernel.",
    ),
    Section(
        "CACHE_REMOVE",
        ("filemap/mm_filemap_delete_from_page_cache",),
        _CACHE,
        ("order",),
        blind="Pages leaving the page cache are not seen on this kernel.",
    ),
    Section(
        "DIRTY",
        ("writeback/writeback_dirty_folio",),
        kernel=(*_INODE, "inode.i_mode", "address_space.host", "folio.index"),
        blind="Pages becoming dirty are not seen on this kernel.",
    ),
    Section(
        "WRITEBACK",
        ("writeback/writeback_single_inode",),
        kernel=(*_INODE, "writeback_control.nr_to_write"),
        blind="Background write-back is not seen on this kernel.",
    ),
    Section(
        "READAHEAD_ASK",
        ("readahead/page_cache_sync_ra", "readahead/page_cache_async_ra"),
    ),
    Section(
        "READAHEAD",
        ("readahead/page_cache_ra_unbounded", "readahead/page_cache_ra_order"),
        (*_CACHE, "nr_to_read"),
        blind="Read-ahead decisions are not seen on this kernel; the pages it adds are.",
    ),
    Section("EXT4_WRITE", ("ext4/ext4_write_end",), ("dev", "ino", "pos", "copied")),
    Section("EXT4_DELAYED", ("ext4/ext4_da_write_end",), ("dev", "ino", "pos", "copied")),
    Section(
        "EXT4_JOURNALLED", ("ext4/ext4_journalled_write_end",), ("dev", "ino", "pos", "copied")
    ),
    Section(
        "TCP_SEND",
        ("tcp/tcp_sendmsg_locked",),
        kernel=("msghdr.msg_flags", "msghdr.msg_iter.iter_type", "msghdr.msg_iter.count"),
        blind="Whether a TCP send took pages by reference is seen only by the owner of its pages.",
    ),
    Section(
        "SKB_OWNER",
        ("net/net_dev_start_xmit",),
        kernel=_FRAGMENTS,
        blind="Whose pages leave for the network is not seen on this kernel.",
    ),
    Section(
        "SKB_COPY",
        ("skb/skb_copy_datagram_iovec",),
        blind="Copies from a socket to user space are not seen on this kernel.",
    ),
    Section(
        "BLOCK",
        ("block/block_rq_issue", "block/block_rq_complete"),
        kernel=(
            *_PAGE,
            "request.q",
            "request.bio",
            "request.__sector",
            "request.__data_len",
            "request.cmd_flags",
            "request_queue.disk",
            "gendisk.major",
            "gendisk.first_minor",
            "bio.bi_io_vec",
            "bio.bi_iter.bi_idx",
        ),
        blind="Requests to the disk are not seen on this kernel.",
    ),
    Section(
        "SWITCHES",
        ("sched/sched_switch",),
        ("prev_state", "next_pid"),
        blind="Context switches are not seen on this kernel.",
    ),
    Section(
        "FORK",
        ("sched/sched_process_fork",),
        kernel=(
            "task_struct.tgid",
            "task_struct.thread_pid",
            "pid.level",
            "pid.numbers",
            "upid.nr",
        ),
        blind="Child processes are not followed on this kernel.",
    ),
    Section("EXEC", ("sched/sched_process_exec",)),
    Section(
        "EXIT",
        ("sched/sched_process_exit",),
        optional=("group_dead",),
        kernel=("task_struct.exit_code",),
    ),
)

# A capability of the trace header: every section of one of the alternatives is there.
_CAPABILITIES: Final[Mapping[str, tuple[frozenset[str], ...]]] = {
    "syscalls": (frozenset(),),
    "fd_identity": (frozenset({"FD_IDENTITY"}),),
    "faults": (frozenset({"FAULTS"}), frozenset({"FAULT_SEVERITY"})),
    "fault_severity": (frozenset({"FAULT_SEVERITY"}),),
    "page_cache": (frozenset({"CACHE_ADD"}),),
    "copies_observed": (
        frozenset({"SKB_COPY", "EXT4_WRITE"}),
        frozenset({"SKB_COPY", "EXT4_DELAYED"}),
    ),
    "skb_owner": (frozenset({"SKB_OWNER"}),),
    "block": (frozenset({"BLOCK"}),),
    "context_switches": (frozenset({"SWITCHES"}),),
}

# One spelling for a field that stands in an embedded struct under several names.
_PATHS: Final[Mapping[str, str]] = {
    f"sock.skc_{name}": f"sock.__sk_common.skc_{name}"
    for name in ("family", "num", "dport", "daddr", "rcv_saddr", "v6_daddr", "v6_rcv_saddr")
}


def btf_path(field: str) -> str:
    """Return the full BTF path of a field named in a section."""
    return _PATHS.get(field, field)


def usable_sections(
    fields_of: Callable[[str], frozenset[str]], has_kernel_field: Callable[[str], bool]
) -> frozenset[str]:
    """Names of the sections that this kernel can carry.

    ``fields_of`` gives the fields of a tracepoint (empty: no such tracepoint).
    """
    return frozenset(
        section.name
        for section in SECTIONS
        if all(fields_of(tracepoint) for tracepoint in section.tracepoints)
        and (not section.fields or set(section.fields) <= fields_of(section.tracepoints[0]))
        and all(has_kernel_field(field) for field in section.kernel)
    )


def capabilities_of(names: frozenset[str]) -> dict[str, bool]:
    """Return the capability table that these sections give."""
    return capability_table(
        *(key for key, choices in _CAPABILITIES.items() if any(need <= names for need in choices))
    )


def gaps_of(names: frozenset[str]) -> tuple[str, ...]:
    """Return a sentence for each section that is missing and would be missed."""
    return tuple(
        section.blind for section in SECTIONS if section.blind and section.name not in names
    )
