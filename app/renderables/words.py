"""What an event means, in a sentence of the language in use, with the event's own numbers."""

import msgspec

from app.i18n import has, t
from app.renderables.units import size_text
from traces.event import (
    ContextSwitch,
    ObservedEvent,
    PageFault,
    SkbTransmit,
    SyscallExit,
    TcpSend,
)
from traces.replay.frame import Frame, Move, Place

_SIZES = frozenset({"size", "left", "file_bytes", "private_bytes"})
_RENAMED = {"left": "size", "file_bytes": "file", "private_bytes": "private"}


def tag_of(event: ObservedEvent) -> str:
    """The event's kind, as the trace file spells it."""
    return str(event.__struct_config__.tag)


def _key(event: ObservedEvent) -> str:
    match event:
        case SyscallExit(ret=ret) if ret < 0:
            return "kernel.failed"
        case PageFault(severity=None):
            return "kernel.fault_any"
        case ContextSwitch(reason=reason) if has(f"kernel.switch-{reason}"):
            return f"kernel.switch-{reason}"
        case TcpSend(splice=True):
            return "kernel.tcp-send-splice"
        case SkbTransmit(file_bytes=size) if size:
            return "kernel.skb-xmit-file"
        case _:
            return f"kernel.{tag_of(event)}"


def kernel_words(frame: Frame) -> str:
    """What the kernel does in this event, in one sentence."""
    event = frame.event
    if frame.events > 1 and frame.moves:
        return t("kernel.merged", events=frame.events)
    values = {
        _RENAMED.get(key, key): size_text(value) if key in _SIZES else value
        for key, value in msgspec.structs.asdict(event).items()
    }
    if isinstance(event, SyscallExit):
        values["error"] = -event.ret
    if isinstance(event, PageFault):
        values["address"] = f"{event.address:#x}"
    return t(_key(event), **values)


def owner_word(owner: str) -> str:
    """A role in the language in use; any other owner as it is."""
    return t(f"role.{owner}") if has(f"role.{owner}") else owner


def chapter_word(text: str) -> str:
    """A chapter's name in the language in use, where the recorder's mark is a known one."""
    return t(f"chapter.{text}") if has(f"chapter.{text}") else text


def place_words(place: Place) -> str:
    """Where bytes are, in words."""
    return t(f"place.{place.kind}", owner=owner_word(place.owner))


def moved_words(move: Move) -> str:
    """What one move did, in words."""
    return t(
        f"moved.{move.how}",
        size=size_text(move.size),
        source=place_words(move.source),
        target=place_words(move.target),
    )


def essence(frame: Frame) -> str:
    """What the system call in progress is for; "" in user space."""
    if frame.syscall is None:
        return ""
    key = f"essence.{frame.syscall.name}"
    return t(key if has(key) else "essence.other")


def call_text(frame: Frame) -> str:
    """The system call with its arguments as a person writes them; addresses are left open."""
    call = frame.syscall
    if call is None:
        return ""
    shown = ["…" if value > 1 << 31 else str(value) for value in call.args[:4]]
    result = "" if call.ret is None else f" = {call.ret}"
    return f"{call.name}({', '.join(shown)}){result}"
