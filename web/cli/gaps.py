"""``ressenti gaps``: what falls short, and one gap in full."""

from typing import Annotated

import msgspec
import typer

from models.gaps.gap import OPEN, Gap, to_json
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, say, table
from web.pages.formats import signed
from web.pages.words import cause_words, metric_words, scope_words

app = typer.Typer(help="Gaps: where customers live something else than we want them to.", no_args_is_help=True)


@app.command("list")
def list_gaps(
    data: DataOption = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the gaps that count; with --all also those that are over."""
    with house_at(data, must_exist=True) as house:
        gaps = [kept.gap for kept in house.store.gaps.all(None if every else sorted(OPEN))]
    if as_json:
        emit_json([document(gap) for gap in gaps])
    else:
        table("Gaps", ("id", "where", "metric", "state", "now #", "wanted #", "since", "why"), [_row(g) for g in gaps])


@app.command("show")
def show_gap(
    gap_id: Annotated[str, typer.Argument(help="The gap's id.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one gap with its causes and its life."""
    with house_at(data, must_exist=True) as house:
        gap = house.store.gaps.get(gap_id).gap
    if as_json:
        emit_json(document(gap))
        return
    say(f"{scope_words(gap.scope)}, {metric_words(gap.metric)}: {gap.state}. {gap.judged.words}")
    table("Causes", ("cause", "points #"), [(cause_words(line.cause), signed(-line.lost)) for line in gap.causes])
    table("Its life", ("day", "became", "why"), [(step.on, step.became, step.why) for step in gap.steps])


def document(gap: Gap) -> dict[str, object]:
    """Return the gap as JSON; causes in points."""
    shown: dict[str, object] = msgspec.json.decode(to_json(gap))
    shown["causes"] = {line.cause: line.lost / 100 for line in gap.causes}
    return shown


def _row(gap: Gap) -> tuple[object, ...]:
    why = ", ".join(f"{cause_words(line.cause)} {signed(-line.lost)}" for line in gap.causes[:2])
    now = gap.now
    return (
        gap.id,
        scope_words(gap.scope),
        gap.metric,
        gap.state,
        f"{now.value:.1f}",
        f"{now.target:.1f}",
        gap.since,
        why,
    )
