"""``ressenti keys``: API keys, one or more per source."""

from typing import Annotated

import typer

from models.instants import render
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, say, table

app = typer.Typer(help="API keys: which source a program may send events for.", no_args_is_help=True)


@app.command("create")
def create_key(
    source: Annotated[str, typer.Option("--source", help="The source the key speaks for, and everything below it.")],
    by: Annotated[str, typer.Option("--by", help="Who makes it.")] = "command line",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key; its secret is printed once and kept nowhere."""
    with house_at(data) as house:
        key, secret = house.store.keys.create(source, by, house.now())
    if as_json:
        emit_json({"id": key.id, "source": key.source, "secret": secret})
    else:
        say(f"Key {key.id} for {key.source}. Its secret, shown only now:\n{secret}")


@app.command("list")
def list_keys(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the keys, without secrets."""
    with house_at(data, must_exist=True) as house:
        keys = house.store.keys.all()
    rows = [
        (k.id, k.source, render(k.created_at), None if k.revoked_at is None else render(k.revoked_at)) for k in keys
    ]
    names = ("id", "source", "created", "revoked")
    if as_json:
        emit_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        table("API keys", names, rows)


@app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(help="The key's id.")],
    by: Annotated[str, typer.Option("--by", help="Who revokes it.")] = "command line",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key worthless from now on."""
    with house_at(data, must_exist=True) as house:
        house.store.keys.revoke(key_id, by, house.now())
    emit_json({"revoked": key_id}) if as_json else say(f"Key {key_id} is revoked.")
