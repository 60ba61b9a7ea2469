"""``ressenti topics``: the topics in Kafka, made where missing and checked."""

import typer

from streams.kafka import needing_library
from streams.settings import read
from web.cli.exits import Exit
from web.cli.output import JsonOption, emit_json, say

app = typer.Typer(help="The topics in Kafka: made where missing, checked where they are.", no_args_is_help=True)


@app.command("create")
def create(as_json: JsonOption = False) -> None:
    """Make the topics that are missing, then check all; exit 1 when something is wrong. Changes none that is there."""
    _look(make=True, as_json=as_json)


@app.command("check")
def check(as_json: JsonOption = False) -> None:
    """Check every topic; exit 1 when something is wrong, with a sentence for each fault that says what to do."""
    _look(make=False, as_json=as_json)


def _look(*, make: bool, as_json: bool) -> None:
    with needing_library():
        from streams.kafka.topic_admin import look
    found = look(read(), make=make)
    wrong = [fault for one in found for fault in one.faults]
    if as_json:
        topics = [{"topic": one.topic, "created": one.created, "faults": one.faults} for one in found]
        emit_json({"ok": not wrong, "topics": topics})
    else:
        for one in found:
            if one.created:
                say(f"topic {one.topic} was made")
        for fault in wrong:
            typer.echo(fault)
        say(f"{len(wrong)} to mend" if wrong else f"All {len(found)} topics are as they must be")
    if wrong:
        raise typer.Exit(Exit.NO)
