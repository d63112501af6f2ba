"""The help page: every key of the screen below, from the registry."""

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from app.i18n import t
from app.renderables.palette import CROSSING, DIM, TEXT
from app.screens.actions import GROUPS, Action


def help_text(actions: tuple[Action, ...]) -> Text:
    """Return the page: a heading a group, a line an action, keys aligned."""
    page = Text()
    for group in GROUPS:
        chosen = [action for action in actions if action.group == group]
        if not chosen:
            continue
        page.append(f"\n{t(f'group.{group}')}\n", f"bold {DIM}")
        for action in chosen:
            pad = " " * max(8 - cell_len(action.shown), 1)
            page.append(f"  {action.shown}{pad}", f"bold {CROSSING}")
            page.append(f"{t(action.title)}\n", TEXT)
    return page


class HelpScreen(ModalScreen[None]):
    """Shows the keys; any of Escape, ? and q closes it."""

    BINDINGS = [("escape,question_mark,q,f1", "dismiss", "close")]  # noqa: RUF012  Textual's form

    def __init__(self, actions: tuple[Action, ...]) -> None:
        super().__init__()
        self._actions = actions

    def compose(self) -> ComposeResult:
        """Yield the page."""
        with VerticalScroll(id="help"):
            yield Static(Text(t("help.title"), f"bold {CROSSING}"))
            yield Static(help_text(self._actions))
            yield Static(Text(t("help.close"), DIM))
