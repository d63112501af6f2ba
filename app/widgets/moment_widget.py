"""The base of the panes that show a moment: values come in by ``data_bind``."""

from textual.reactive import reactive

from app.moment import View
from app.widgets.canvas_widget import CanvasWidget


class MomentWidget(CanvasWidget):
    """What most panes show: the moment, in a language."""

    view: reactive[View | None] = reactive(None)
    language: reactive[str] = reactive("en")
