"""Colours and the glyph that stands beside each, so that nothing is told by colour alone.

The hues are those of Okabe and Ito's set, which people with any of the usual colour-vision
deficiencies can tell apart; on a terminal without colour the glyphs carry the meaning.
"""

from dataclasses import dataclass
from typing import Final

from traces.event import Evidence

BACK: Final = "#11151c"
PANEL: Final = "#161b24"
LINE: Final = "#3a4454"
FAINT: Final = "#2a3240"
DIM: Final = "#6f7c8f"
TEXT: Final = "#c8d0dc"
BRIGHT: Final = "#ffffff"
ORANGE: Final = "#e69f00"
TEAL: Final = "#1fc7a0"
BLUE: Final = "#56b4e9"
YELLOW: Final = "#f0e442"
PINK: Final = "#d98cb3"


@dataclass(frozen=True, slots=True)
class Look:
    """How one kind of move is drawn. ``across``/``down`` are its line, ``body`` its token."""

    colour: str
    across: str
    down: str
    corners: str  # from below-right, below-left, above-right, above-left
    body: str
    key: str

    @property
    def sample(self) -> str:
        """The kind's line and token, for the legend."""
        return f"{self.across}{self.body}{self.across}"


LOOKS: Final = {
    "copy": Look(ORANGE, "━", "┃", "┏┓┗┛", "██", "copy"),
    "reference": Look(TEAL, "╌", "╎", "┌┐└┘", "◇◇", "reference"),
    "dma": Look(BLUE, "═", "║", "╔╗╚╝", "▷▷", "dma"),
    "fault": Look(PINK, "┄", "┆", "┌┐└┘", "↯", "fault"),
}
CROSSING: Final = YELLOW

EVIDENCE_GLYPH: Final = {
    Evidence.OBSERVED: "●",
    Evidence.DERIVED: "◐",
    Evidence.MODELLED: "○",
}

PAGE_LOOKS: Final = {
    "unknown": ("·", FAINT),
    "absent": ("·", DIM),
    "cached": ("▒", BLUE),
    "prefetched": ("░", TEAL),
    "dirty": ("▓", ORANGE),
    "writeback": ("▚", YELLOW),
}

FAMILY_LOOKS: Final = {
    "file": ("█", ORANGE),
    "net": ("▓", BLUE),
    "wait": ("░", DIM),
    "memory": ("▒", PINK),
    "sync": ("▞", YELLOW),
    "other": ("▄", TEXT),
}
