"""Every text of the screens, in English and Simplified Chinese, and the switch between them.

One catalogue a language, ``en.toml`` and ``zh.toml``: tables of texts with ``{placeholders}``. A key
is the path through the tables, ``stage.ring3``. Both catalogues hold the same keys and the same
placeholders; a test compares them.
"""

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Final

LANGUAGES: Final = ("en", "zh")


# Between Chinese and Latin letters or digits typographers leave a little room; a value that is
# filled in may be either, so the room is made afterwards.
_SEAM: Final = re.compile(
    r"(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])"
)


class _Current:
    """The language in use; one a process, as one person looks at one screen."""

    language = "en"


def set_language(language: str) -> None:
    """Choose ``en`` or ``zh``; ValueError for any other."""
    if language not in LANGUAGES:
        raise ValueError(f"There is no catalogue for {language!r}: choose one of en, zh.")
    _Current.language = language


def language() -> str:
    """Return the language in use."""
    return _Current.language


def _flatten(prefix: str, table: dict[str, object]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= _flatten(f"{prefix}{key}.", value)
        else:
            flat[f"{prefix}{key}"] = str(value)
    return flat


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return all texts of one language by key."""
    data = resources.files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return _flatten("", tomllib.loads(data))


def has(key: str) -> bool:
    """Tell whether there is a text under this key."""
    return key in catalogue(_Current.language)


def t(key: str, /, **values: object) -> str:
    """Return the text under ``key`` with its placeholders filled; KeyError for an unknown key."""
    text = catalogue(_Current.language)[key]
    filled = text.format(**values) if values else text
    return _SEAM.sub(" ", filled) if _Current.language == "zh" else filled
