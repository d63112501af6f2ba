"""The left pane: Kafka's frames beside the engine's, the source line, and the kernel in words."""

from functools import lru_cache
from textwrap import dedent

from rich.cells import cell_len
from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from app.i18n import language, t
from app.moment import View
from app.renderables.canvas import Canvas, fit
from app.renderables.palette import BRIGHT, CROSSING, DIM, EVIDENCE_GLYPH, LOOKS, PANEL, TEXT
from app.renderables.words import call_text, essence, kernel_words, moved_words
from lessons.walkthrough import Counterpart, counterpart
from traces.replay.frame import Frame, StackFrame

_LIT = "#3d3a1a"
_CONSOLE = Console(width=200, color_system="truecolor")


def kafka_step(frame: StackFrame) -> Counterpart | None:
    """Kafka's counterpart of a frame; None where the walkthrough has none."""
    try:
        return counterpart(frame.function.module, frame.function.qualname)
    except OSError:
        return None


def wrap(text: str, width: int) -> list[str]:
    """Break text into lines of at most ``width`` cells."""
    return [line.plain.rstrip() for line in Text(text).wrap(_CONSOLE, max(width, 4))]


@lru_cache(maxsize=64)
def _highlighted(source: str) -> tuple[Text, ...]:
    source = dedent(source).rstrip()
    syntax = Syntax(source, "python", theme="nord-darker", background_color=PANEL)
    return tuple(syntax.highlight(source).split("\n"))


def draw_walkthrough(view: View, width: int, height: int, *, explain: bool = False) -> Canvas:
    """Draw the pane; ``explain`` adds the essence of the system call."""
    canvas = Canvas(width, height, PANEL)
    told = _told(view.frame, width - 2, explain=explain, roomy=height >= 24)
    y = _stack(canvas, view.frame, max(height - len(told) - 6, 3))
    bottom = height - len(told)
    _source(canvas, view.frame, y, max(bottom - y, 0))
    for row, (text, style) in enumerate(told, start=max(bottom, y)):
        canvas.put(1, row, text, style)
    return canvas


def _stack(canvas: Canvas, frame: Frame, rows: int) -> int:
    """Draw the frames, outermost first, the call last; return the row below."""
    _heading(canvas, 0, t("walk.title"))
    if not frame.stack:
        canvas.text(1, 1, t("walk.nobody"), canvas.width - 2, DIM)
        y = 2
    else:
        shown = frame.stack[-max(rows - 2, 1) :]
        for depth, one in enumerate(shown):
            _frame(canvas, 1 + depth, min(depth, 8), one, last=depth == len(shown) - 1)
        y = 1 + len(shown)
    if call := call_text(frame):
        inside = frame.syscall is not None and frame.syscall.ret is None
        indent = min(len(frame.stack), 8) + 1
        mark = "▼" if inside else "▲"
        canvas.text(indent, y, f"{mark} {call}", canvas.width - indent - 1, f"bold {CROSSING}")
        y += 1
    return y


def _frame(canvas: Canvas, y: int, depth: int, frame: StackFrame, *, last: bool) -> None:
    step = kafka_step(frame)
    own = frame.function.qualname
    name = ".".join(step.kafka.split(".")[-2:]) if step else own
    style = f"bold {BRIGHT}" if last else TEXT
    x = canvas.text(1 + depth, y, name, canvas.width - depth - 2, style)
    beside = own if step else t("walk.unnamed")
    if canvas.width - x - 3 >= 8:
        canvas.text(x + 2, y, beside, canvas.width - x - 3, DIM)


def _heading(canvas: Canvas, y: int, text: str, detail: str = "") -> None:
    canvas.across(0, y, canvas.width, "─", "#2f3947")
    x = canvas.put(1, y, f" {text} ", f"bold {DIM}")
    if detail:
        canvas.put(x, y, f"{fit(detail, canvas.width - x - 2)} ", DIM)


def _source(canvas: Canvas, frame: Frame, y: int, rows: int) -> None:
    if rows < 2 or not frame.stack:
        return
    function, line = frame.stack[-1].function, frame.stack[-1].line
    _heading(canvas, y, t("walk.source"), f"{function.file}:{line}" if line else function.file)
    if not function.source:
        canvas.text(1, y + 1, t("walk.no_source"), canvas.width - 2, DIM)
        return
    lines = _highlighted(function.source)
    lit = line - function.first_line if line else -1
    room = rows - 1
    first = max(0, min(lit - room // 2, len(lines) - room)) if lit >= 0 else 0
    for row, number in enumerate(range(first, min(first + room, len(lines)))):
        here = number == lit
        _code(canvas, y + 1 + row, number + function.first_line, lines[number], lit=here)


def _code(canvas: Canvas, y: int, number: int, line: Text, *, lit: bool) -> None:
    back = canvas.background
    if lit:
        canvas.background = _LIT
        canvas.across(0, y, canvas.width, " ", TEXT)
    canvas.put(0, y, "▶" if lit else " ", f"bold {CROSSING}")
    x = canvas.put(1, y, f"{number:>4} ", DIM)
    canvas.styled(x, y, line, canvas.width - x)
    canvas.background = back


def _told(frame: Frame, width: int, *, explain: bool, roomy: bool) -> list[tuple[str, str]]:
    """The words at the foot of the pane: lines with their styles."""
    here = _kafka_words(frame, width, differs=explain) if explain or roomy else []
    rule = "─" * max(width - cell_len(t("walk.kernel")) - 1, 0)
    lines = [(f"{t('walk.kernel')} {rule}", f"bold {DIM}")]
    lines += [(line, TEXT) for line in wrap(kernel_words(frame), width)]
    for move in frame.moves:
        if move.how in LOOKS:
            text = f"{EVIDENCE_GLYPH[move.evidence]} {moved_words(move)}"
            lines += [(line, LOOKS[move.how].colour) for line in wrap(text, width)]
    if explain:
        lines += [(line, CROSSING) for line in wrap(essence(frame), width)]
    return [(line, DIM) for line in here] + lines


def _kafka_words(frame: Frame, width: int, *, differs: bool) -> list[str]:
    step = kafka_step(frame.stack[-1]) if frame.stack else None
    if step is None:
        return []
    words = wrap(step.text(language()), width)
    other = step.differs(language()) if differs else ""
    return [*words, *(wrap(t("walk.differs", text=other), width) if other else []), ""]


def draw_moment(view: View, width: int, height: int, *, explain: bool = False) -> Canvas:
    """The pane in one or two lines, for a terminal too small to hold it."""
    canvas = Canvas(width, height, PANEL)
    frame = view.frame
    place = ""
    if frame.stack:
        top = frame.stack[-1]
        place = f"{top.function.qualname}:{top.line}" if top.line else top.function.qualname
    call = call_text(frame)
    x = canvas.text(1, 0, place, width // 2, TEXT) if place else 0
    if call:
        canvas.text(x + 1, 0, f"→ {call}" if place else call, width - x - 2, f"bold {CROSSING}")
    moves = [m for m in frame.moves if m.how in LOOKS]
    told = moved_words(moves[0]) if moves else kernel_words(frame)
    mark = f"{EVIDENCE_GLYPH[moves[0].evidence]} " if moves else ""
    style = LOOKS[moves[0].how].colour if moves else TEXT
    row = 1 if place or call else 0
    canvas.text(1, min(row, height - 1), f"{mark}{told}", width - 2, style)
    lines = wrap(essence(frame), width - 2) if explain else []
    for y, line in enumerate(lines, start=row + 1):
        canvas.put(1, y, line, CROSSING)
    return canvas
