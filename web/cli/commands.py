"""Every command, in the order of ``ressenti --help``; one is imported when it is asked for, so that help is quick.

A command's module says in its first line what the command does; that line is the help in the list.
"""

import ast
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import typer

GROUP = "ressenti.commands"
"""The entry points under which upper rooms add their commands."""
ALONE = ("serve", "worker", "ingest", "report", "customer", "replay", "erase", "verify", "migrate", "schema", "config")
GROUPS = ("targets", "gaps", "rescues", "experiment", "policy", "dead-letters", "mapping", "keys", "topics")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a command lives: its module, and the function or application in it."""

    module: str
    attribute: str

    def summary(self) -> str:
        """Return what the module says of itself after its command's name; the module is read and not run."""
        spec = find_spec(self.module)
        if spec is None or spec.origin is None:
            return ""
        told = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
        says = told.split("\n", 1)[0].rpartition("``: ")[2]
        return says[:1].upper() + says[1:]

    def add_to(self, app: typer.Typer, name: str) -> None:
        """Add the command itself to ``app``."""
        made = getattr(import_module(self.module), self.attribute)
        if not isinstance(made, typer.Typer):
            app.command(name)(made)
        elif made.info.help:
            app.add_typer(made, name=name)
        else:
            app.add_typer(made)


def known() -> dict[str, Found]:
    """Return where every command lives, ours first."""
    ours = {name: Found(f"web.cli.{name}", name) for name in ALONE}
    groups = {name: Found(f"web.cli.{name.replace('-', '_')}", "app") for name in GROUPS}
    others = {entry.name: Found(entry.module, entry.attr) for entry in entry_points(group=GROUP)}
    return ours | groups | others


def register(app: typer.Typer, arguments: list[str]) -> None:
    """Add to ``app`` the command that ``arguments`` ask for; where they ask for none, all of them, for the help."""
    commands = known()
    asked = next((word for word in arguments if word in commands and word not in _values(arguments)), None)
    if asked is not None:
        commands[asked].add_to(app, asked)
        return
    for name, found in commands.items():
        app.command(name, help=found.summary())(_never)


def _values(arguments: list[str]) -> list[str]:
    """Return what stands behind ``--data``, which may be called like a command."""
    return [value for option, value in pairwise(arguments) if option == "--data"]


def _never() -> None:
    """Stand in the list of commands for one that nobody asked for."""
