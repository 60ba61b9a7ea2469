"""``ressenti config``: the settings in force."""

from typing import Annotated

import typer

from streams.settings import table as settings_table
from web.cli.opening import DataOption, settings_of
from web.cli.output import JsonOption, emit_json, table


def config(
    data: DataOption = None,
    documented: Annotated[bool, typer.Option("--table", help="Print the documented table of all settings.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the settings in force, from the environment and the command line."""
    if documented:
        typer.echo(settings_table(), nl=False)
        return
    settings = settings_of(data).model_dump(mode="json")
    if as_json:
        emit_json(settings)
    else:
        table("Settings", ("name", "value"), [(f"RESSENTI_{name.upper()}", value) for name, value in settings.items()])
