"""The one registry of actions: keys, the line of hints, the help page and the command palette."""

from dataclasses import dataclass
from typing import Final

from textual.binding import Binding, BindingType

from app.renderables.bars import Hint

GROUPS: Final = ("play", "move", "look", "app")
_PROGRAM: Final = ("language", "help", "quit")


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do. ``name``: its ``action_`` method and its text in the catalogue.

    ``keys``: Textual's names of keys; ``shown``: how a person reads them; ``rank``: place in the
    line of hints, the least first, 0 for not there.
    """

    name: str
    keys: tuple[str, ...]
    shown: str
    group: str
    rank: int = 0

    @property
    def call(self) -> str:
        """How Textual names the method: those of the program carry its namespace."""
        return f"app.{self.name}" if self.name in _PROGRAM else self.name

    @property
    def title(self) -> str:
        """The catalogue's key of what it does."""
        return f"action.{self.name}"


_EVERYWHERE: Final = (
    Action("language", ("l",), "l", "app", 9),
    Action("help", ("question_mark", "f1"), "?", "app", 2),
    Action("quit", ("ctrl+q",), "^q", "app", 7),
)

STAGE: Final = (
    Action("play", ("space",), "space", "play", 1),
    Action("faster", ("plus", "equals_sign"), "+", "play"),
    Action("slower", ("minus",), "-", "play"),
    Action("previous", ("comma",), ",", "move", 3),
    Action("next", ("full_stop",), ".", "move", 4),
    Action("left", ("left",), "←", "move"),
    Action("right", ("right",), "→", "move"),
    Action("chapter_previous", ("left_square_bracket",), "[", "move"),
    Action("chapter_next", ("right_square_bracket",), "]", "move", 5),
    Action("fd_previous", ("less_than_sign",), "<", "move"),
    Action("fd_next", ("greater_than_sign",), ">", "move", 10),
    Action("jump", tuple("0123456789"), "0-9", "move", 12),
    Action("first", ("home",), "home", "move"),
    Action("last", ("end",), "end", "move"),
    Action("essence", ("m",), "m", "look", 8),
    Action("walkthrough", ("w",), "w", "look", 6),
    Action("all_events", ("a",), "a", "look", 11),
    Action("back", ("escape", "backspace"), "esc", "app", 13),
    *_EVERYWHERE,
)

HOME: Final = (Action("open", ("enter",), "enter", "move", 1), *_EVERYWHERE)

LESSON: Final = (
    Action("stage", ("enter",), "enter", "move", 1),
    Action("back", ("escape", "backspace"), "esc", "app", 3),
    *_EVERYWHERE,
)


def bindings(actions: tuple[Action, ...]) -> list[BindingType]:
    """The key bindings of a screen. A jump hands its digit on."""
    found: list[BindingType] = []
    for action in actions:
        for key in action.keys:
            call = f"jump({key})" if action.name == "jump" else action.call
            found.append(Binding(key, call, action.name, show=False))
    return found


def hints(actions: tuple[Action, ...]) -> tuple[Hint, ...]:
    """The hints of a screen, the most useful first."""
    ranked = sorted((a for a in actions if a.rank), key=lambda a: a.rank)
    return tuple((a.shown, f"action.short.{a.name}") for a in ranked)
