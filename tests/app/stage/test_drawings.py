"""The drawings, without an App: what a frame says is what is drawn, and nothing else."""

import msgspec
import pytest
from rich.cells import cell_len

from app.i18n import set_language
from app.moment import View
from app.renderables.canvas import Canvas, Rect, fit
from app.renderables.counters import counter_pairs, draw_counters, draw_legend
from app.renderables.pages import page_cells
from app.renderables.palette import LOOKS
from app.renderables.route import route
from app.renderables.scene import Cast, build_scene
from app.renderables.stage import draw_stage
from app.renderables.timeline import thread_word
from app.renderables.units import size_text, time_text
from app.renderables.walkthrough import draw_moment, draw_walkthrough, wrap
from traces.replay.frame import Counters, FileCache, PageState

SIZES = ((20, 6), (40, 8), (52, 14), (76, 22), (140, 44))


def _first(views: tuple[View, ...], how: str) -> View:
    return next(v for v in views if any(move.how == how for move in v.frame.moves))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_step_can_be_drawn_in_every_size(
    views: tuple[View, ...], size: tuple[int, int], language: str
) -> None:
    set_language(language)
    for view in views:
        for canvas in (
            draw_stage(view, *size, 0.5),
            draw_walkthrough(view, *size, explain=True),
            draw_moment(view, *size),
            draw_counters(view, None, *size),
        ):
            rows = [canvas.strip(y) for y in range(canvas.height)]
            assert {row.cell_length for row in rows} == {size[0]}
            assert {sum(cell_len(s.text) for s in row) for row in rows} == {size[0]}


@pytest.mark.parametrize(("how", "line"), [("copy", "━"), ("reference", "╌"), ("dma", "═")])
def test_each_kind_of_move_has_its_own_line(views: tuple[View, ...], how: str, line: str) -> None:
    drawn = draw_stage(_first(views, how), 100, 24).plain()
    others = {look.body[0] for key, look in LOOKS.items() if key != how}
    assert line in drawn
    assert LOOKS[how].body[0] in drawn
    assert not any(f"{body}●" in drawn or f"{body}◐" in drawn for body in others)


def test_nothing_moves_where_the_frame_has_no_moves(views: tuple[View, ...]) -> None:
    still = next(view for view in views if not view.frame.moves)
    drawn = draw_stage(still, 100, 24).plain()
    assert not any(glyph in drawn for glyph in "●◐○▶◀╌║")


def test_a_token_travels_from_source_to_target(views: tuple[View, ...]) -> None:
    view = next(
        v for v in views if [m.target.kind for m in v.frame.moves if m.how == "copy"] == ["cache"]
    )
    columns = []
    for progress in (0.1, 0.5, 0.9):
        rows = draw_stage(view, 100, 24, progress).plain().splitlines()
        columns.append(next((n, row.index("●")) for n, row in enumerate(rows) if "●" in row))
    assert columns == sorted(columns)
    assert columns[0] != columns[-1]


def test_a_crossing_lights_the_ring_line(views: tuple[View, ...]) -> None:
    view = _first(views, "crossing-in")
    row = next(r for r in draw_stage(view, 100, 24).plain().splitlines() if "ring 0" in r)
    assert "▼ sendto ▼ #1" in row


def test_a_path_stays_between_the_boxes() -> None:
    scene = build_scene(100, 24, Cast("producer", "broker", "consumer"))
    for source, target in (("heap", "cache"), ("cache", "socket"), ("disk", "cache")):
        path = route(scene, source, target)
        for box in scene.boxes.values():
            within = [
                cell for cell in path if box.x < cell.x < box.right and box.y < cell.y < box.bottom
            ]
            assert within == []


def test_what_no_probe_saw_is_never_nought() -> None:
    assert {text for _, text in counter_pairs(Counters())} == {"not seen"}
    assert counter_pairs(Counters(crossings=0))[0] == ("ring crossings", "0")


def test_pages_share_cells_when_there_are_many() -> None:
    states = bytes([PageState.CACHED] * 90 + [PageState.DIRTY | PageState.MAPPED] + [0] * 9)
    file = FileCache("a.log", "/a.log", 1, 2, 409600, states, touched=(90, 90))
    cells, scale = page_cells(file, 10)
    assert (len(cells), scale) == (10, 10)
    assert [cell.state for cell in cells] == ["cached"] * 9 + ["dirty"]
    assert [cell.mapped for cell in cells] == [False] * 9 + [True]
    assert [cell.touched for cell in cells] == [False] * 9 + [True]


def test_the_legend_explains_every_kind_and_every_class_of_truth() -> None:
    full = draw_legend(76, 4).plain()
    for words in ("CPU copy", "by reference", "DMA", "observed", "derived", "modelled", "dirty"):
        assert words in full
    assert "modelled" in draw_legend(80, 1).plain()


def test_wide_characters_fill_two_cells() -> None:
    canvas = Canvas(6, 1)
    canvas.put(0, 0, "页a缓存b")
    assert sum(cell_len(segment.text) for segment in canvas.strip(0)) == 6
    canvas.put(1, 0, "x")
    assert canvas.plain() == " xa缓"
    assert fit("页缓存", 4) == "页…"


def test_a_box_has_its_title_in_the_edge() -> None:
    canvas = Canvas(12, 3)
    canvas.box(Rect(0, 0, 12, 3), "white", "disk")
    assert canvas.plain().splitlines()[0] == "╭ disk ────╮"


def test_the_executing_line_is_marked(views: tuple[View, ...]) -> None:
    view = next(v for v in views if v.frame.stack and v.frame.stack[-1].line)
    line = view.frame.stack[-1].line
    drawn = draw_walkthrough(view, 60, 40).plain()
    assert any(row.startswith("▶") and str(line) in row for row in drawn.splitlines())


def test_the_walkthrough_names_kafkas_method_and_the_call(views: tuple[View, ...]) -> None:
    view = next(v for v in views if v.frame.syscall and v.frame.syscall.name == "pwrite64")
    drawn = draw_walkthrough(view, 90, 40).plain()
    assert "FileChannelImpl.write" in drawn
    assert "pwrite64(9" in drawn


def test_a_frame_without_a_known_line_has_no_mark(views: tuple[View, ...]) -> None:
    view = next(v for v in views if v.frame.stack and v.frame.stack[-1].line)
    stack = tuple(msgspec.structs.replace(f, line=0) for f in view.frame.stack)
    frame = msgspec.structs.replace(view.frame, stack=stack)
    drawn = draw_walkthrough(View(frame), 60, 40).plain()
    assert not any(row.startswith("▶") for row in drawn.splitlines())


def test_figures_as_people_read_them() -> None:
    assert [size_text(n) for n in (0, 512, 65536, 83462)] == ["0 B", "512 B", "64 KiB", "81.5 KiB"]
    assert size_text(65536, short=True) == "64K"
    assert time_text(1_500_000) == "1.50 ms"
    assert [cell_len(line) <= 8 for line in wrap("页缓存中的脏页还没有写盘", 8)] == [True] * 3


def test_threads_have_names_that_differ() -> None:
    listener = "ListenerName(PLAINTEXT)-PLAINTEXT"
    assert thread_word(f"data-plane-kafka-network-thread-0-{listener}-2") == "network 2"
    assert thread_word("data-plane-kafka-request-handler-7") == "handler 7"
    assert thread_word(f"kafka-socket-acceptor-{listener}-9092") == "acceptor"
    assert thread_word("MainThread") == "main"
    assert thread_word("worker") == "worker"
