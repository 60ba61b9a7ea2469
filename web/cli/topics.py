"""``ressenti topics``: the topics in Kafka, made where missing and checked."""

import typer

from models.errors import InvariantBroken
from store.database import system_clock
from streams.declaring import Bounds, Declaring
from streams.kafka import needing_library
from streams.opening import opened_parts
from streams.settings import read
from web.cli.exits import Exit
from web.cli.opening import settings_of
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


@app.command("declare")
def declare(as_json: JsonOption = False) -> None:
    """Give each touchpoint, channel and source that the log holds a place of its own in the scores.

    For a new database, before its first worker, and for senders who write to Kafka themselves: a collector does it
    for what it takes. Counts for what is folded from then on.
    """
    with needing_library():
        from streams.kafka.clients import cluster_of
        from streams.kafka.log import KafkaLog
        from streams.kafka.meeting import meet_all
    settings = settings_of(None)
    cluster_of(settings)  # refuses where no Kafka is named, before a data folder is made
    with opened_parts(settings, system_clock) as (store, log):
        if not isinstance(log, KafkaLog):
            raise InvariantBroken(f"the log is a {type(log).__name__}, not Kafka's; report this")
        records = meet_all(log, Declaring(store.definitions, Bounds(settings.declared_values), system_clock))
        scopes = store.definitions.current().scopes
    found = {name: sorted(getattr(scopes, name)) for name in ("touchpoints", "channels", "sources")}
    if as_json:
        emit_json({"records": records, **found})
    else:
        counted = ", ".join(f"{len(values)} {name}" for name, values in found.items())
        say(f"{records} records looked through; declared are {counted}.")


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
