"""``ressenti demo``: a company whose truth is known, from its first event to live pages, in one command."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from demo import courses, loop
from demo.clock import DemoClock
from demo.feed import Feed, Scale, plan_of
from demo.findings import Findings, findings
from demo.loading import LiveFeed, Loader, Told
from demo.showing import as_json, show
from models.errors import InvalidInput
from streams.bootstrap import House, opened
from streams.logging import configure
from streams.settings import PREFIX, Settings, read
from web.cli.output import JsonOption, emit_json, errors, say

app = typer.Typer()
SALT = "demo-1"
PARTITIONS = 2
"""One process folds the demo, so few partitions do: chunks stay few and full."""
CHUNK_RECORDS = 20_000
EVENTS_PER_CUSTOMER = 15.4
"""In the demo's history, measured; for the progress bar."""


@app.command()
def demo(  # noqa: PLR0913 - one parameter per option of the command line
    *,
    once: Annotated[bool, typer.Option("--once", help="Print what was found and end, without serving pages.")] = False,
    port: Annotated[int | None, typer.Option("--port", help="Port of the pages; 0 takes a free one.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another company with the same truth.")] = 7,
    customers: Annotated[
        int, typer.Option("--customers", min=3_000, max=1_000_000, help="How many customers.")
    ] = 8_000,
    rate: Annotated[float, typer.Option("--rate", min=0.1, max=200.0, help="Live events a second.")] = 2.0,
    data: Annotated[Path | None, typer.Option("--data", help="New folder to keep; else it is thrown away.")] = None,
    as_json_: JsonOption = False,
) -> None:
    """Live through a simulated French telecom whose truth is known, and compare what is found with what was planted."""
    scale = Scale(seed=seed, customers=customers, per_second=rate)
    clock = DemoClock()
    with folder_for(data) as folder, opened(_settings(folder, port, serving=not once), clock) as house:
        lived = Lived(house, clock, scale)
        with house.leading():
            found = lived.through(quiet=as_json_)
        if as_json_:
            emit_json(as_json(found))
        else:
            show(found)
        if not once:
            lived.serve()


class Lived:
    """One demo: the house, its company, and the time between its first day and now."""

    def __init__(self, house: House, clock: DemoClock, scale: Scale) -> None:
        self.house = house
        self.clock = clock
        self.scale = scale
        self.now = clock()
        self.arms = loop.Arms()
        self.plan = plan_of(self.now, scale, self.arms)
        self.feed = Feed(self.plan, self.now)

    def through(self, *, quiet: bool) -> Findings:
        """Live through the whole history, the experiment in it, up to now; return what was found."""
        house, plan = self.house, self.plan
        self.clock.tell(plan.start)
        house.store.courses.replace(courses.courses(plan.start), "demo", self.clock())
        house.store.definitions.declare(courses.scopes(), "demo", self.clock())
        began = time.perf_counter()
        with _bar(self.scale, quiet=quiet) as progress:
            loader = Loader(house, self.feed, self.clock, progress)
            if plan.trial is not None:
                loop.run(house, loader, plan.trial, self.arms, SALT)
            loader.history(plan.live_from)
            loader.live(self.now)
        seconds = time.perf_counter() - began
        house.gap_detector.tick(self.now)
        if not quiet:
            rate = loader.events / seconds
            say(f"{loader.events:,} events of {self.scale.days} days in {seconds:.0f} s ({rate:,.0f}/s).\n")
        return findings(house, plan, self.now)

    def serve(self) -> None:
        """Serve the pages, with events arriving, until interrupted."""
        from web.app import serve

        self.clock.let_go()
        settings = self.house.settings
        with self.house.running(), LiveFeed(self.house, self.feed):
            serve(self.house, settings.host, settings.port, _announced)


def _announced(address: str) -> None:
    say(f"\nThe pages are at {address} with events arriving live; press Ctrl+C to end.")


def _settings(folder: Path, port: int | None, *, serving: bool) -> Settings:
    """Return a demo's settings: log lines only for what goes wrong, unless the environment asks for more."""
    level = os.environ.get(f"{PREFIX}LOG_LEVEL", "warning")
    settings = read(data=folder, port=port, log_level=level, partitions=PARTITIONS, chunk_records=CHUNK_RECORDS)
    if serving:
        from web.security import check_address

        check_address(settings)
    configure(settings)
    # A made-up company has no place among a real one's customers, whatever the environment names.
    return settings.model_copy(update={"database_url": None, "kafka_bootstrap": None})


@contextmanager
def folder_for(data: Path | None) -> Iterator[Path]:
    """Make the demo's data folder: ``data``, which must be new or empty, or one that is thrown away at the end."""
    if data is None:
        with tempfile.TemporaryDirectory(prefix="ressenti-demo-") as made:
            yield Path(made)
        return
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise InvalidInput(
            f"data folder {data}: holds something already; name a new one, a demo never mixes with your data"
        )
    yield data


@contextmanager
def _bar(scale: Scale, *, quiet: bool) -> Iterator[Told]:
    """Show how far the history is, to people."""
    columns = (TextColumn("living through {task.completed:,.0f} events"), BarColumn())
    with Progress(*columns, console=errors, transient=True, disable=quiet) as bar:
        task = bar.add_task("", total=scale.customers * EVENTS_PER_CUSTOMER)
        yield lambda events: bar.update(task, completed=events)
