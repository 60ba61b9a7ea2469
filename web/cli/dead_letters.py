"""``ressenti dead-letters``: what could not be scored, and sending it again after a fix."""

from typing import Annotated

import typer

from models.errors import InvalidInput
from models.identifiers import Offset, Partition
from models.instants import render
from store.dead_letters import KeptLetter
from streams.dead_letters import replay
from web.cli.opening import DataOption, folding, house_at
from web.cli.output import JsonOption, emit_json, say, table

app = typer.Typer(help="Dead letters: events that could not be scored, kept with their bytes.", no_args_is_help=True)
CodeOption = Annotated[str | None, typer.Option("--code", help="Only those with this reason.")]
MOST = 100_000


@app.command("list")
def list_dead_letters(
    data: DataOption = None,
    code: CodeOption = None,
    limit: Annotated[int, typer.Option("--limit", help="How many to list.", min=1)] = 100,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, the latest first, and count them by reason."""
    with house_at(data, must_exist=True) as house:
        counts = house.store.dead_letters.counts()
        letters = house.store.dead_letters.recent(code=code, limit=limit)
    if as_json:
        emit_json({"counts": counts, "letters": [document(kept) for kept in letters]})
        return
    table("Dead letters by reason", ("reason", "events #"), list(counts.items()))
    rows = [(place(k), render(k.letter.log_time), k.letter.code, k.letter.reason[:120]) for k in letters]
    table("Latest", ("place", "received", "reason", "what is wrong"), rows)


@app.command("show")
def show_dead_letter(
    where: Annotated[str, typer.Argument(help="PARTITION/OFFSET, as the list shows it.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one dead letter with its original bytes."""
    partition, offset = _place(where)
    with house_at(data, must_exist=True) as house:
        kept = house.store.dead_letters.show(partition, offset)
    if as_json:
        emit_json(document(kept))
    else:
        say(f"{kept.letter.reason}\n{kept.letter.raw.decode('utf-8', 'backslashreplace')}")


@app.command("replay")
def replay_dead_letters(data: DataOption = None, code: CodeOption = None, as_json: JsonOption = False) -> None:
    """Send them through the log again; those that would only die again are left alone, with the reason."""
    with house_at(data, must_exist=True) as house:
        letters = house.store.dead_letters.recent(code=code, limit=MOST)
        if house.store.engine_runs():
            done = replay(house.store, house.log, letters, house.now())
        else:
            with folding(house):
                done = replay(house.store, house.log, letters, house.now())
    wrong = {f"{partition}/{offset}": why for (partition, offset), why in done.still_wrong.items()}
    if as_json:
        emit_json({"replayed": done.appended, "still_wrong": wrong})
    else:
        say(f"{done.appended} sent again, {len(wrong)} left alone.")
        table("Left alone", ("place", "why"), list(wrong.items())[:20])


def document(kept: KeptLetter) -> dict[str, object]:
    """Return a dead letter as JSON; bytes that are no UTF-8 are escaped."""
    letter = kept.letter
    return {
        "place": place(kept),
        "received_at": render(letter.log_time),
        "code": letter.code,
        "field": letter.field,
        "reason": letter.reason,
        "subject": letter.subject,
        "source": letter.source,
        "raw": letter.raw.decode("utf-8", "backslashreplace"),
        "replayed_at": None if kept.replayed_at is None else render(kept.replayed_at),
    }


def place(kept: KeptLetter) -> str:
    """Return where the letter stands in the log."""
    return f"{kept.partition}/{kept.letter.offset}"


def _place(text: str) -> tuple[Partition, Offset]:
    partition, _, offset = text.partition("/")
    if not (partition.isdigit() and offset.isdigit()):
        raise InvalidInput(f"place: {text!r} is not PARTITION/OFFSET; copy one from `ressenti dead-letters list`")
    return Partition(int(partition)), Offset(int(offset))
