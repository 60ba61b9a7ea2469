"""``ressenti ingest``: history in, from files, through a mapping."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Self

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from store.database import Store
from streams.bootstrap import House
from streams.history.importing import Imported, Step, Target, Totals, import_files
from web.cli.opening import DataOption, folding, house_at
from web.cli.output import JsonOption, emit_json, errors, say, table


def ingest(
    files: Annotated[list[Path], typer.Argument(help="CSV, CSV.gz, NDJSON or NDJSON.gz files.", show_default=False)],
    mapping: Annotated[str, typer.Option("--mapping", "-m", help="A shipped mapping's name, or a TOML file.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a history in; interrupted, the same command goes on where it stood."""
    with house_at(data) as house, folding(house):
        before = totals_of(house.store)
        with _Bar() as bar:
            imported = import_files(
                files, mapping, Target(house.imports, house.store.imports, house.key), before, bar.step
            )
            bar.folding()
            house.settle()
        _walk_gaps(house)
        grown = totals_of(house.store).since(imported.before)
    if as_json:
        emit_json(asdict(grown))
    else:
        _tell(imported, grown)


def totals_of(store: Store) -> Totals:
    """Return what the store has counted so far."""
    return Totals.of(store.partitions.counters(), store.dead_letters.counts())


def _walk_gaps(house: House) -> None:
    """Look for gaps day by day through what is kept, as if somebody had looked all along.

    Where workers fold, the one that leads does it at its next tick.
    """
    if house.store.embedded:
        house.gap_detector.tick(house.now())


def _tell(imported: Imported, grown: Totals) -> None:
    if imported.resumed_at:
        say(f"Went on at record {imported.resumed_at}: an earlier run had brought those before it.")
    say(f"{grown.received} received, {grown.scored} scored ({grown.late} late), {grown.duplicates} duplicates.")
    if grown.dead_letters:
        table("Dead letters", ("reason", "events #"), list(grown.dead_letters.items()))
        say("They are kept with their original bytes: `ressenti dead-letters list`.")


class _Bar:
    """A progress bar on standard error, for people; silent where that is no terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description:>10}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self._progress = Progress(
            *columns, TimeRemainingColumn(), console=errors, transient=True, disable=not errors.is_terminal
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, step: Step) -> None:
        """Show how far the import is."""
        if step.stage not in self._tasks:
            self._tasks[step.stage] = self._progress.add_task(step.stage, total=max(1, step.total))
        self._progress.update(self._tasks[step.stage], completed=step.done, total=max(1, step.total))

    def folding(self) -> None:
        """Show that what was appended is being scored."""
        self._progress.add_task("scoring", total=None)
