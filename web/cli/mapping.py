"""``ressenti mapping``: which mappings are shipped, and trying one on a file."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from streams.history.check import SAMPLE, Checked, check_mapping
from streams.history.mapping import parse, shipped, text_of
from streams.history.rules import plan_of
from web.cli.output import JsonOption, emit_json, say, table

app = typer.Typer(help="Mappings: how a file's columns become interactions.", no_args_is_help=True)


@app.command("list")
def list_mappings(as_json: JsonOption = False) -> None:
    """List the shipped mappings."""
    names = shipped()
    if as_json:
        emit_json(list(names))
    else:
        table("Shipped mappings", ("name",), [(name,) for name in names])


@app.command("show")
def show_mapping(
    name: Annotated[str, typer.Argument(help="A shipped mapping's name.")], as_json: JsonOption = False
) -> None:
    """Print a mapping, to begin one's own from."""
    text = text_of(name)
    emit_json({"name": name, "text": text}) if as_json else typer.echo(text)


@app.command("check")
def check(
    mapping: Annotated[str, typer.Argument(help="A mapping: a TOML file, or a shipped name.")],
    sample: Annotated[Path | None, typer.Option("--sample", help="A file to try the mapping on.")] = None,
    rows: Annotated[int, typer.Option("--rows", help="How many rows of it to try.", min=1)] = SAMPLE,
    as_json: JsonOption = False,
) -> None:
    """Check a mapping and, with --sample, say what it makes of the beginning of a file; nothing is written."""
    if sample is None:
        made = parse(text_of(mapping), mapping)
        plan_of(made, mapping)
        emit_json({"ok": True, "name": made.name}) if as_json else say(f"{made.name}: the mapping is sound.")
        return
    found = check_mapping(sample, mapping, rows)
    if as_json:
        emit_json(msgspec.to_builtins(_document(found)))
    else:
        _tell(found)


def _document(found: Checked) -> dict[str, object]:
    return {
        "rows": found.tally.rows,
        "events": found.tally.received,
        "rejected": dict(found.tally.rejected),
        "rejected_share": found.rejected_share,
        "columns": found.columns,
        "unread": found.unread,
        "never_filled": found.never_filled,
        "fired": dict(found.tally.fired),
        "idle": found.idle,
        "subjects": found.subjects,
        "unseen": {cause.value: why for cause, why in found.unseen.items()},
        "undeclared": found.undeclared,
        "first_events": found.events,
        "rejects": found.rejects,
    }


def _tell(found: Checked) -> None:
    tally = found.tally
    say(f"{tally.rows} rows, {found.subjects} customers, {tally.received} events; {found.rejected_share:.1%} rejected.")
    table("Rules", ("rule", "events #"), [*tally.fired.items(), *((name, 0) for name in found.idle)])
    if found.unread:
        say(f"Columns not read: {', '.join(found.unread)}.")
    if found.never_filled:
        say(f"Columns the mapping reads that are empty here: {', '.join(found.never_filled)}.")
    table("Rejected", ("reason", "field", "why", "row"), [(r.code, r.field, r.reason, r.raw) for r in found.rejects])
    table("What cannot be seen", ("cause", "why"), [(cause.value, why) for cause, why in found.unseen.items()])
    for event in found.events:
        say(msgspec.json.encode(event).decode())
