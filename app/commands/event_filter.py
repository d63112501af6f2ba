"""The small language of ``events --filter``: conditions side by side, all of which must hold.

A condition is ``FIELD OP VALUE`` without spaces, OP one of ``=  !=  <  <=  >  >=``. With ``=`` and
``!=`` the value may be a shell pattern (``name=*sendfile*``) or several values split by commas
(``type=copy,reference``); the order operators compare numbers. ``fd`` and ``file`` look at the
descriptors of a call. An event that lacks the field never matches, not even ``!=``.
"""

import fnmatch
import operator
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from app.commands.event_fields import known_fields

CONDITION: Final = re.compile(r"([a-z_]+)(!=|<=|>=|=|<|>)(.*)")
ORDER: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Condition = Callable[[Mapping[str, Any]], bool]


class FilterError(ValueError):
    """The expression cannot be understood; the text says why and what would be."""


def parse_filter(expression: str) -> Condition:
    """Turn an expression into a test of ``event_fields``; raises FilterError."""
    try:
        words = shlex.split(expression)
    except ValueError as error:
        raise FilterError(f"The filter has an open quotation mark: close it ({error}).") from error
    conditions = [_condition(word) for word in words]
    return lambda fields: all(condition(fields) for condition in conditions)


def _condition(word: str) -> Condition:
    match = CONDITION.fullmatch(word)
    if match is None:
        raise FilterError(
            f"The filter's part {word!r} is no condition: write FIELD=VALUE, "
            "for example `type=enter name=sendfile`."
        )
    name, sign, value = match.groups()
    if name not in known_fields():
        raise FilterError(
            f"No event has a field {name!r}: use one of {', '.join(sorted(known_fields()))}."
        )
    if sign in ORDER:
        return _ordered(name, ORDER[sign], value)
    return _matching(name, value.split(","), wanted=sign == "=")


def _ordered(name: str, compare: Callable[[float, float], bool], value: str) -> Condition:
    try:
        limit = float(value)
    except ValueError as error:
        raise FilterError(f"{name} is compared with {value!r}, which is no number.") from error
    return lambda fields: any(
        compare(found, limit) for found in _values(fields, name) if isinstance(found, int | float)
    )


def _matching(name: str, patterns: Iterable[str], *, wanted: bool) -> Condition:
    kept = tuple(patterns)

    def holds(fields: Mapping[str, Any]) -> bool:
        texts = [str(value) for value in _values(fields, name) if value is not None]
        hit = any(fnmatch.fnmatchcase(text, pattern) for text in texts for pattern in kept)
        return bool(texts) and hit is wanted

    return holds


def _values(fields: Mapping[str, Any], name: str) -> list[Any]:
    if name in fields:
        return [fields[name]]
    if name in {"fd", "file"}:
        key = "fd" if name == "fd" else "name"
        return [fd[key] for fd in fields.get("fds", ())]
    return []
