"""``ressenti replay``: everything stored, scored under another policy, compared before switching."""

from pathlib import Path
from typing import Annotated

import typer

from models.policy import load
from streams.replay import Compared, Replay
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, errors, points, say, table
from web.cli.targets import text_of
from web.pages.formats import signed
from web.pages.words import scope_words


def replay(
    policy: Annotated[Path, typer.Option("--policy", help="The policy file to score under.")],
    by: Annotated[str, typer.Option("--by", help="Who does it.")] = "command line",
    activate: Annotated[bool, typer.Option("--activate", help="Show the new scores from now on.")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Take everything it left back.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score everything stored under another policy and compare each scope; with --activate, switch."""
    candidate = load(text_of(policy))
    with house_at(data, must_exist=True) as house, errors.status("scoring what is stored"):
        steps = Replay(house.store, house.now)
        if discard:
            steps.discard(candidate.version, by)
            compared: list[Compared] = []
        else:
            customers = steps.score(candidate, by)
            compared = steps.compare(candidate.version)
            if activate:
                steps.activate(candidate.version, by)
    if as_json:
        emit_json({"policy": candidate.version, "activated": activate and not discard, "scores": _rows(compared)})
    elif discard:
        say(f"{candidate.version} is scored no longer; everything it left was taken back.")
    else:
        _tell(compared, candidate.version, customers, activate=activate)


def _rows(compared: list[Compared]) -> list[dict[str, object]]:
    return [
        {
            "metric": one.metric,
            "scope": one.scope,
            "n": one.n,
            "active": None if one.active is None else one.active / 100,
            "candidate": None if one.candidate is None else one.candidate / 100,
        }
        for one in compared
    ]


def _tell(compared: list[Compared], version: str, customers: int, *, activate: bool) -> None:
    rows = [(scope_words(c.scope), c.metric, c.n, points(c.active), points(c.candidate), _change(c)) for c in compared]
    table(f"{customers} customers under {version}", ("scope", "metric", "n #", "active #", "candidate #", "Δ #"), rows)
    if activate:
        say(f"{version} is the active policy now.")
    else:
        say("Nothing was switched. Switch with --activate, or take it back with --discard.")


def _change(compared: Compared) -> str:
    return "" if compared.difference is None else signed(compared.difference)
