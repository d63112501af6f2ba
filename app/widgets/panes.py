"""The panes of the stage: each takes its values by ``data_bind`` and hands them to a drawing."""

from textual.events import Click
from textual.reactive import reactive

from app.messages import OpenedTrace, StepChosen, View
from app.renderables.bars import draw_status
from app.renderables.canvas import Canvas
from app.renderables.counters import draw_counters, draw_legend
from app.renderables.stage import draw_stage
from app.renderables.timeline import LaneRow, draw_timeline, label_width, lane_rows, step_at
from app.renderables.walkthrough import draw_moment, draw_walkthrough
from app.widgets.canvas_widget import CanvasWidget


class _Pane(CanvasWidget):
    """What most panes show: the moment, in a language."""

    view: reactive[View | None] = reactive(None)
    language: reactive[str] = reactive("en")


class StagePane(_Pane):
    """The rings, the boxes and what moves."""

    progress: reactive[float] = reactive(1.0)

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the stage at this point of the event's motion."""
        if self.view is None:
            return Canvas(width, height)
        return draw_stage(self.view, width, height, self.progress)


class WalkthroughPane(_Pane):
    """Kafka's frames, the source, the kernel in words."""

    explain: reactive[bool] = reactive[bool](default=False)

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the walkthrough."""
        if self.view is None:
            return Canvas(width, height)
        return draw_walkthrough(self.view, width, height, explain=self.explain)


class MomentPane(_Pane):
    """The walkthrough in two lines, and what the call is for if asked."""

    explain: reactive[bool] = reactive[bool](default=False)

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the moment's call and what it moved."""
        if self.view is None:
            return Canvas(width, height)
        return draw_moment(self.view, width, height, explain=self.explain)


class CountersPane(_Pane):
    """The counters, and what the probe cannot see."""

    trace: reactive[OpenedTrace | None] = reactive(None)

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the counters."""
        if self.view is None:
            return Canvas(width, height)
        header = self.trace.header if self.trace else None
        return draw_counters(self.view, header, width, height)


class LegendPane(CanvasWidget):
    """How to read the stage."""

    language: reactive[str] = reactive("en")

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the legend."""
        return draw_legend(width, height)


class StatusPane(_Pane):
    """Where the playhead stands, and whether it moves by itself."""

    trace: reactive[OpenedTrace | None] = reactive(None)
    playing: reactive[bool] = reactive[bool](default=False)
    speed: reactive[float] = reactive(1.0)
    problem: reactive[str] = reactive("")

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the status line."""
        return draw_status(
            Canvas(width, height), self.trace, self.view, self.problem, self._transport()
        )

    def _transport(self) -> tuple[bool, float]:
        return self.playing, self.speed


class TimelinePane(_Pane):
    """Threads over time; a click goes there."""

    trace: reactive[OpenedTrace | None] = reactive(None)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._rows: tuple[LaneRow, ...] = ()
        self._rows_of: tuple[int, int] = (0, 0)

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the timeline; the rows are kept until the trace or the width changes."""
        if self.view is None or self.trace is None:
            return Canvas(width, height)
        room = max(width - label_width(width) - 1, 1)
        if self._rows_of != (id(self.trace), room):
            self._rows = lane_rows(self.trace, room)
            self._rows_of = (id(self.trace), room)
        return draw_timeline(self.trace, self._rows, self.view, width, height)

    def on_click(self, event: Click) -> None:
        """Ask for the step under the pointer."""
        step = step_at(self.trace, event.x, self.size.width) if self.trace else None
        if step is not None:
            self.post_message(StepChosen(step))
