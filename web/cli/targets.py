"""``ressenti targets``: courses and targets, from a file."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from models.errors import InvalidInput
from models.targets import conflicts
from models.targets_file import load, render
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, errors, say, table

app = typer.Typer(help="Targets: what customers should live, by when, and who answers for it.", no_args_is_help=True)


@app.command("list")
def list_targets(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the targets in force."""
    with house_at(data, must_exist=True) as house:
        targets = house.store.courses.targets()
    if as_json:
        emit_json([{name: str(getattr(t, name)) for name in t.__slots__} for t in targets])
    else:
        rows = [
            (t.id, t.course, t.metric, t.scope, t.start_value, t.end_value, t.start, t.end, t.owner) for t in targets
        ]
        table("Targets", ("id", "course", "metric", "scope", "from #", "to #", "start", "end", "owner"), rows)


@app.command("set")
def set_targets(
    file: Annotated[Path, typer.Argument(help="A TOML file of courses and targets.")],
    by: Annotated[str, typer.Option("--by", help="Who sets them.")] = "command line",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put exactly the courses and targets of FILE in force."""
    with house_at(data, must_exist=True) as house:
        scopes = house.store.cells.scopes(house.definitions().active.version)
        loaded = load(text_of(file), scopes or ["all"])
        changed = house.store.courses.replace(loaded.courses, by, house.now())
        if not house.store.engine_runs():
            with house.leading():
                house.gap_detector.tick(house.now())
    warnings = conflicts([target for course in loaded.courses for target in course.targets])
    if as_json:
        emit_json({"courses": len(loaded.courses), "changed": changed, "warnings": warnings})
        return
    for warning in warnings:
        errors.print(f"warning: {warning}", markup=False, highlight=False)
    say(f"{len(loaded.courses)} courses are in force; {changed} courses and targets changed.")


@app.command("show")
def show_targets(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Print what is in force as a file that `targets set` takes."""
    with house_at(data, must_exist=True) as house:
        courses = house.store.courses.all()
    if as_json:
        emit_json([msgspec.to_builtins(course) for course in courses])
    else:
        typer.echo(render(courses))


def text_of(file: Path) -> str:
    """Return the text of ``file``; raises ``InvalidInput``."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read ({error.strerror}); name a file that is there") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{file}: is not UTF-8; save it as UTF-8") from None
