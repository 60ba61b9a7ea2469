"""``ressenti customer``: one customer's story, with both ledgers."""

from typing import Annotated

import typer

from models.identifiers import Subject
from models.instants import render
from models.pseudonyms import is_pseudonym, pseudonym
from streams.bootstrap import House
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, points, say, table
from web.customers.view import CustomerView, JourneyStory, customer_view
from web.pages.formats import signed
from web.pages.words import cause_words, journey_words


def customer(
    subject: Annotated[str, typer.Argument(help="A pseudonym, or your own id of the customer.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell one customer's story as of now."""
    with house_at(data, must_exist=True) as house:
        view = customer_view(house.store, house.definitions().active, subject_of(house, subject), house.now())
    if as_json:
        emit_json(document(view))
    else:
        _tell(view)


def subject_of(house: House, given: str) -> Subject:
    """Return the pseudonym that ``given`` is, or that a raw id becomes; the raw id is never kept."""
    return Subject(given) if is_pseudonym(given) else pseudonym(given, house.key)


def document(view: CustomerView) -> dict[str, object]:
    """Return the story as JSON: scores in points, both ledgers of each journey."""
    return {
        "subject": view.subject,
        "score": _points(view.score.score),
        "observed_share": view.score.observed_share,
        "contacts": view.score.contacts,
        "good_contacts": view.score.good,
        "policy": view.score.policy,
        "journeys": [_journey(story) for story in (*view.stories, *view.frozen)],
    }


def _journey(story: JourneyStory) -> dict[str, object]:
    return {
        "key": story.key,
        "started": render(story.started),
        "ended": render(story.ended),
        "open": story.open,
        "score": _points(story.score),
        "said": _points(story.said),
        "prose": story.prose,
        "by_event": [
            {
                "at": render(step.line.at),
                "event": step.line.event,
                "what": step.words,
                "because": list(step.line.because),
                "delta": step.line.delta / 100,
                "after": _points(step.line.after),
            }
            for step in story.steps
        ],
        "by_cause": [
            {"cause": line.cause, "points": line.points / 100, "rule": line.rule, "events": line.events}
            for line in story.causes.lines
        ],
    }


def _points(value: int | None) -> float | None:
    return None if value is None else value / 100


def _tell(view: CustomerView) -> None:
    say(f"{view.subject}: {points(view.score.score)}, {view.score.good} of {view.score.contacts} contacts good.")
    for story in (*view.stories, *view.frozen):
        say(f"\n{story.prose}")
        table(
            journey_words(story.key),
            ("when", "what happened", "because of", "Δ #", "score #"),
            [
                (
                    render(step.line.at),
                    step.words,
                    ", ".join(cause_words(cause) for cause in step.line.because),
                    signed(step.line.delta),
                    points(step.line.after),
                )
                for step in story.steps
            ],
        )
        causes = [(cause_words(line.cause), signed(-line.points), line.rule) for line in story.causes.lines]
        table("By cause", ("cause", "points #", "rule"), causes)
