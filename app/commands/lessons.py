"""``kafkascope lessons``: what can be learnt here."""

import click
import rich.table

from app.commands.console import out
from app.commands.options import language_option
from lessons.catalogue import Lesson
from lessons.catalogue import lessons as catalogue


@click.command(epilog="Example: kafkascope lessons --lang zh")
@language_option
def lessons(language: str) -> None:
    """List the lessons; they are read on the home screen (`kafkascope`)."""
    found = catalogue()
    if not found:
        click.echo("No lessons are installed: install kafkascope again.")
        return
    out().print(_table(found, language))


def _table(found: tuple[Lesson, ...], language: str) -> rich.table.Table:
    table = rich.table.Table(title="Lessons", title_justify="left")
    for heading in ("lesson", "title", "minutes", "what you will be able to say"):
        table.add_column(heading, justify="right" if heading == "minutes" else "left")
    for lesson in found:
        table.add_row(
            lesson.id,
            lesson.title.text(language),
            str(lesson.minutes),
            lesson.goal.text(language),
        )
    return table
