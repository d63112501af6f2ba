"""A picture of ``dump-log --map``: a real segment, written by a real broker, as the command shows it."""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from app.commands.engine import engine_argv
from app.commands.input_text import write_demo_input
from app.commands.workshop import run_client, running_broker, spawn_plain

WIDTH = 100
TOPIC = "journey"


def save_map_svg(out: Path) -> None:
    """Produce the bundled text, stop the broker, and write the map of its segment as SVG."""
    with tempfile.TemporaryDirectory() as folder:
        text = _map_text(Path(folder))
    console = Console(width=WIDTH, record=True, file=io.StringIO())
    console.print(Text(text))
    out.write_text(console.export_svg(title="kafkascope dump-log --map"), encoding="utf-8")


def _map_text(folder: Path) -> str:
    source, data = folder / "records.in", folder / "broker"
    write_demo_input(source)
    with running_broker(spawn_plain, data, {"num.partitions": "1"}) as broker:
        where = ("--bootstrap-server", broker.address, "--topic", TOPIC)
        run_client(spawn_plain, "produce", (*where, "--input", str(source)))
    segment = f"broker/{TOPIC}-0/{0:020}.log"
    argv = engine_argv("dump-log", (segment, "--map", "--width", str(WIDTH)))
    run = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True)
    return run.stdout


if __name__ == "__main__":
    save_map_svg(Path(sys.argv[1]))
