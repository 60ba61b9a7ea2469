"""``ressenti schema``: the contract, as JSON Schemas and as an AsyncAPI document."""

import json
from typing import Annotated

import typer

from models.errors import NotFound
from models.interactions import TYPES
from models.interactions.schemas import schemas
from streams.kafka.asyncapi import document
from streams.settings import read
from web.cli.output import JsonOption, emit_json, table

PREFIX = "ressenti."


def schema(
    noun: Annotated[str | None, typer.Argument(help="A type: contact, promise, answer, …")] = None,
    asyncapi: Annotated[bool, typer.Option("--asyncapi", help="Print the AsyncAPI document of every topic.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the JSON Schema of one event type, or the AsyncAPI document of all topics, or list the types."""
    if asyncapi:
        typer.echo(json.dumps(document(read()), ensure_ascii=False, indent=None if as_json else 2))
        return
    names = [name.removeprefix(PREFIX) for name in TYPES]
    if noun is None:
        emit_json(names) if as_json else table("Event types", ("type",), [(f"{PREFIX}{name}",) for name in names])
        return
    wanted = noun.removeprefix(PREFIX)
    if wanted not in names:
        raise NotFound(f"type: {noun!r} is not in the contract; use one of {', '.join(names)}")
    found = schemas()[f"{PREFIX}{wanted}"]
    typer.echo(json.dumps(found, ensure_ascii=False, indent=None if as_json else 2))
