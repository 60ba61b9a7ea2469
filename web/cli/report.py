"""``ressenti report``: scores, gaps, rescues and experiments in one document."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from models.errors import InvalidInput
from models.identifiers import SECOND, Millis
from streams.report import Period, Row, kept
from streams.report import report as report_of
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, say, table
from web.pages.words import cause_words, scope_words

Day = Annotated[str | None, typer.Option(help="A UTC day, as 2026-11-23.")]


def report(
    data: DataOption = None,
    since: Day = None,
    until: Day = None,
    weeks: Annotated[bool, typer.Option("--weeks", help="Also print the score week by week.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Report everything kept, or a period of it."""
    with house_at(data, must_exist=True) as house:
        whole = kept(house.store, house.definitions().active.version)
        period = whole
        if whole is not None and (since or until):
            start = whole.start if since is None else _millis(since, timedelta())
            end = whole.end if until is None else _millis(until, timedelta(days=1))
            period = Period(start, end)
        found = report_of(house.store, house.now(), period)
    if as_json:
        emit_json(found)
        return
    table("Scores", ("scope", "metric", "score #", "between #", "n #", "said %", "lost to"), _rows(found["scores"]))
    if weeks:
        _tell_weeks(found["weeks"])
    shown = [(g["id"], scope_words(str(g["scope"])), g["metric"], g["state"], g["since"]) for g in found["gaps"]]
    table("Gaps", ("id", "where", "metric", "state", "since"), shown)
    table("Call now", ("customer", "journey", "do"), [(r["subject"], r["journey"], r["act"]) for r in found["rescues"]])
    table("Experiments", ("id", "title", "state"), [(e["id"], e["title"], e["state"]) for e in found["experiments"]])


def _rows(scores: Sequence[Row]) -> list[tuple[object, ...]]:
    return [
        (
            scope_words(str(row["scope"])),
            row["metric"],
            "not enough data" if row["value"] is None else row["value"],
            "" if row["low"] is None else f"{row['low']} – {row['high']}",
            row["n"],
            f"{row['observed_share']:.0%}",
            _causes(row),
        )
        for row in scores
    ]


def _causes(row: Row) -> str:
    causes = row["causes"]
    assert isinstance(causes, dict)  # noqa: S101 - made so by streams.report
    largest = sorted(causes.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{cause_words(cause)} −{lost:g}" for cause, lost in largest if lost > 0)


def _tell_weeks(weeks: Sequence[Row]) -> None:
    rows = [
        (str(row["from"])[:10], row["metric"], row["value"], row["n"], _causes(row))
        for row in weeks
        if row["scope"] == "all"
    ]
    table("Week by week, everything", ("from", "metric", "score #", "n #", "lost to"), rows)
    if not rows:
        say("Nothing is kept yet.")


def _millis(text: str, later: timedelta) -> Millis:
    try:
        day = date.fromisoformat(text) + later
    except ValueError:
        raise InvalidInput(f"day: {text!r} is not a day; write it as 2026-11-23") from None
    return Millis(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND)
