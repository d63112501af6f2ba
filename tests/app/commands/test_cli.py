"""Help, misuse and foreseeable failure: sentences and exit codes, never a traceback."""

import json
from pathlib import Path

import pytest

from app.cli import COMMANDS
from app.map_picture import save_map_svg
from tests.app.commands.support import kafkascope, why_not
from tests.traces.journey import write_journey


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, tmp_path: Path) -> None:
    run = kafkascope(command, "--help", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert f"Example: kafkascope {command}" in " ".join(run.stdout.split())


def test_without_a_terminal_it_says_what_to_type(tmp_path: Path) -> None:
    run = kafkascope(cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "kafkascope demo --no-tui" in run.stdout
    assert all(name in run.stdout for name in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("stats",),
        ("demo", "--probe", "crystal-ball"),
        ("demo", "--input", "no-such-file"),
        ("race", "--modes", "sendfile,teleport"),
        ("race", "--bytes", "0"),
        ("record",),
        ("record", "--pid", "1", "--", "true"),
        ("events", "x.trace", "--filter", "no-condition"),
        ("events", "x.trace", "--filter", "colour=red"),
        ("events", "x.trace", "--filter", "ts>soon"),
    ],
    ids=" ".join,
)
def test_misuse_is_two(arguments: tuple[str, ...], tmp_path: Path) -> None:
    run = kafkascope(*arguments, cwd=tmp_path)
    assert run.returncode == 2, run.stdout + run.stderr
    assert "Error: " in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("command", ["stats", "events", "replay"])
def test_what_is_no_trace_is_one_sentence(command: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a trace at all, but long enough to be one " * 9)
    (tmp_path / "empty").touch()
    for name in ("text", "empty", "absent", "."):
        run = kafkascope(command, name, cwd=tmp_path)
        assert run.returncode == 1, (name, run.stderr)
        assert run.stderr.count("\n") == 1, run.stderr
        assert run.stderr.startswith("Error: ")


def test_replay_without_a_terminal_is_one_sentence(tmp_path: Path) -> None:
    write_journey(tmp_path / "a.trace")
    run = kafkascope("replay", "a.trace", cwd=tmp_path)
    assert run.returncode == 1
    assert "needs a terminal" in run.stderr


def test_record_says_what_the_inprocess_probe_cannot_see(tmp_path: Path) -> None:
    run = kafkascope("record", "--probe", "inprocess", "--", "true", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stderr.count("Error: ") == 1
    assert "Traceback" not in run.stderr


@pytest.mark.skipif(bool(why_not("strace")), reason=why_not("strace") or "runs")
def test_record_keeps_the_commands_exit_code(tmp_path: Path) -> None:
    options = ("--probe", "strace", "-o", "a.trace")
    run = kafkascope("record", *options, "--", "sh", "-c", "exit 7", cwd=tmp_path)
    assert run.returncode == 7, run.stderr
    figures = json.loads(kafkascope("stats", "a.trace", "--json", cwd=tmp_path).stdout)
    assert figures["syscalls"]["exit_group"]["calls"] == 1
    assert figures["faults"]["minor"] is None


def test_doctor_in_json_says_the_same_of_every_probe(tmp_path: Path) -> None:
    run = kafkascope("doctor", "--json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    probes = json.loads(run.stdout)["probes"]
    assert [probe["name"] for probe in probes] == ["bpf", "strace", "inprocess"]
    for probe in probes:
        assert probe["available"] == (probe["reason"] is None)
        assert probe["available"] == (probe["detail"] is not None)
        assert probe["available"] or probe["remedy"]
    table = kafkascope("doctor", cwd=tmp_path)
    assert table.returncode == 0
    assert "page cache" in table.stdout


def test_lessons_are_listed_in_both_languages(tmp_path: Path) -> None:
    english = kafkascope("lessons", cwd=tmp_path)
    chinese = kafkascope("lessons", "--lang", "zh", cwd=tmp_path)
    assert english.returncode == chinese.returncode == 0
    assert english.stdout != chinese.stdout


def test_a_lesson_is_printed_and_a_stranger_refused(tmp_path: Path) -> None:
    shown = kafkascope("lessons", "journey", "--lang", "zh", cwd=tmp_path)
    assert shown.returncode == 0
    assert "预测" in shown.stdout
    refused = kafkascope("lessons", "nowhere", cwd=tmp_path)
    assert refused.returncode == 2
    assert "choose one of journey" in refused.stderr


def test_the_map_is_drawn_from_a_real_segment(tmp_path: Path) -> None:
    save_map_svg(tmp_path / "map.svg")
    picture = (tmp_path / "map.svg").read_text(encoding="utf-8")
    assert "batches;" in picture
    assert "in&#160;the&#160;page&#160;cache" in picture
