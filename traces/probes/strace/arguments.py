"""The text between a system call's parentheses, as numbers and descriptors. Pure.

Expects strace's ``-X raw -s0 -yy``: numbers stay numbers, buffers are empty strings, and a
descriptor is followed by what it stands for, ``7<TCP:[127.0.0.1:1->127.0.0.1:2]>``. What is
neither a number nor NULL (a structure, a text) becomes 0: its address is not printed.
"""

import re
from functools import lru_cache
from typing import Final

import msgspec

_BRACKETS = r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]"
ANNOTATION: Final = rf"<(?:[^<>\[\]]|{_BRACKETS}|<[^<>]*>)*>"
"""``<...>``: brackets inside protect the arrow of a connection, one level of <> is a device's."""

_DESCRIPTOR = re.compile(rf"(?<!\w)(AT_FDCWD|-?\d+)({ANNOTATION})(\(deleted\))?")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\](){},]')
_NUMBER = re.compile(r"-?(?:0x[0-9a-f]+|\d+)$")
_OFFSET = re.compile(r"\[(\d+)(?:\]| =>)")
AT_FDCWD: Final = -100


class Descriptor(msgspec.Struct, frozen=True, gc=False):
    """A descriptor as printed: its number, what stands in the annotation, (deleted) or not."""

    fd: int
    text: str
    deleted: bool = False


class Arguments(msgspec.Struct, frozen=True, gc=False):
    """``values``: one number an argument, at most six; ``texts``: the arguments as printed."""

    values: tuple[int, ...]
    texts: tuple[str, ...]
    descriptors: tuple[Descriptor, ...]


def parse_arguments(text: str) -> Arguments:
    """Split and decode the text between the parentheses."""
    found: list[Descriptor] = []

    def keep(match: re.Match[str]) -> str:
        if match[1] in ("AT_FDCWD", str(AT_FDCWD)):
            return str(AT_FDCWD)
        found.append(Descriptor(int(match[1]), match[2][1:-1], match[3] is not None))
        return match[1]

    plain = _DESCRIPTOR.sub(keep, text) if "<" in text else text
    texts = tuple(_split(plain))
    return Arguments(tuple(number(part) for part in texts[:6]), texts, tuple(found))


@lru_cache(maxsize=4096)
def number(text: str) -> int:
    """Read one printed argument as the register's value; 0 if it was printed by content."""
    if not _NUMBER.match(text):
        return 0
    if text.startswith("0") and text.isdigit():
        return int(text, 8)
    return int(text, 0)


def offset(text: str) -> int | None:
    """Read an offset behind a pointer: ``[0] => [10000]`` or ``[0 => 10000]`` or ``[0]``."""
    match = _OFFSET.match(text)
    return int(match[1]) if match else None


def _split(text: str) -> list[str]:
    if not text:
        return []
    # Buffers are empty strings, so only a path can hide a comma.
    if "{" not in text and "[" not in text and '"' not in text.replace('""', ""):
        return text.rstrip(", ").split(", ")
    parts, depth, start = [], 0, 0
    for match in _TOKEN.finditer(text):
        sign = match[0]
        if sign in "[({":
            depth += 1
        elif sign in "])}":
            depth -= 1
        elif sign == "," and depth == 0:
            parts.append(text[start : match.start()].strip())
            start = match.end()
    last = text[start:].strip()
    return [*parts, last] if last else parts
