"""Cold and warm are what the kernel says they are."""

from pathlib import Path

from app.commands.page_cache import PAGE, evict, resident_pages, warm_up


def test_evict_and_warm_up(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * (37 * PAGE + 1))
    assert resident_pages(path) == 38
    assert evict(path) == 0
    assert resident_pages(path) == 0
    assert warm_up(path) == 38


def test_an_empty_file_has_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    assert evict(path) == 0
