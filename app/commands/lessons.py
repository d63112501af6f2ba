"""``kafkascope lessons``: what can be learnt here."""

import click
import rich.markdown
import rich.table

from app.commands.console import out
from app.commands.options import language_option
from lessons.catalogue import Lesson, lesson_text
from lessons.catalogue import lessons as catalogue


@click.command(epilog="Example: kafkascope lessons journey --lang zh")
@click.argument("name", required=False)
@language_option
def lessons(name: str | None, language: str) -> None:
    """List the lessons, or print the one called NAME; the home screen shows them as well."""
    found = catalogue()
    if not found:
        click.echo("No lessons are installed: install kafkascope again.")
        return
    if name is None:
        out().print(_table(found, language))
    elif name in {lesson.id for lesson in found}:
        out().print(rich.markdown.Markdown(lesson_text(name, language)))
    else:
        known = ", ".join(lesson.id for lesson in found)
        raise click.UsageError(f"There is no lesson {name}: choose one of {known}.")


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
