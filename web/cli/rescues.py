"""``ressenti rescues``: whom to call now, and who calls."""

from typing import Annotated

import typer

from models.effects import RescueRow
from models.identifiers import Subject
from models.instants import render
from streams.calls import Call, calls_now
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, points, say, table
from web.pages.words import cause_words

app = typer.Typer(help="Rescues: customers to call before they give up.", no_args_is_help=True)


@app.command("list")
def list_rescues(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List whom to call as of now."""
    with house_at(data, must_exist=True) as house:
        calls = calls_now(house.store, house.definitions().active, house.now())
    if as_json:
        emit_json([document(call.row) for call in calls])
    else:
        columns = ("customer", "journey", "where", "score #", "because of", "do", "now")
        table("Call now", columns, [_row(call) for call in calls])


@app.command("take")
def take_rescue(
    subject: Annotated[str, typer.Argument(help="The customer's pseudonym.")],
    journey: Annotated[str, typer.Argument(help="The journey's key.")],
    by: Annotated[str, typer.Option("--by", help="Who calls.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note who calls a customer."""
    with house_at(data, must_exist=True) as house:
        kept = house.store.rescues.take(Subject(subject), journey, by, house.now())
    if as_json:
        emit_json(document(kept.row) | {"taken_by": kept.taken_by})
    else:
        say(f"{kept.taken_by} calls {kept.row.subject}: {kept.row.act}.")


def document(row: RescueRow) -> dict[str, object]:
    """Return a rescue as JSON; points and RFC 3339 times."""
    return {
        "subject": row.subject,
        "journey": row.journey,
        "contact": row.contact,
        "raised_at": render(row.raised_at),
        "score": row.score / 100,
        "causes": {cause: lost / 100 for cause, lost in row.causes.items()},
        "waited_s": row.waited,
        "act": row.act,
        "channel": row.channel,
        "touchpoint": row.touchpoint,
        "left_at": None if row.left_at is None else render(row.left_at),
        "left_why": row.left_why,
    }


def _row(call: Call) -> tuple[object, ...]:
    row = call.row
    because = ", ".join(cause_words(cause) for cause in row.causes)
    where = f"{row.touchpoint}, {row.channel}"
    return (row.subject, row.journey, where, points(row.score), because, row.act, row.left_why or "still with us")
