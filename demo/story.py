"""The story of docs/method.md, event by event: how a customer becomes an element of a process.

The score after each event is the worked example of docs/method.md §2; the tests hold the product to it exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from json import dumps

from demo.customers import pseudonym
from demo.envelopes import Ready, instant
from models.identifiers import MINUTE, Subject

WHO = "la personne de l'histoire"
JOURNEY = "internet-down"


@dataclass(frozen=True, slots=True)
class Moment:
    """One event of the story."""

    minute: int
    """Since the line went down."""
    source: str
    says: str
    score: float
    """The journey's score once this event is known, in points."""
    data: dict[str, object]


def _line(minute: int, says: str, score: float, **data: object) -> Moment:
    return Moment(minute, "network", says, score, {"incident": "story-line", **data})


def _chat(minute: int, says: str, score: float, **data: object) -> Moment:
    place = {"contact": "story-chat", "channel": "chat", "device": "mobile", "staff": "agent-12"}
    return Moment(minute, "chat_tool", says, score, place | data)


def _phone(minute: int, says: str, score: float, **data: object) -> Moment:
    place = {"contact": "story-phone", "channel": "phone", "staff": "agent-31"}
    return Moment(minute, "telephony", says, score, place | data)


MOMENTS: tuple[Moment, ...] = (
    _line(0, "My internet is down.", 70.0, severity="outage"),
    _chat(20, "I open the chat on my phone.", 70.0, phase="queued"),
    _chat(40, "Twenty minutes later, somebody answers.", 55.0, phase="answered", waits_s=[1200]),
    _chat(43, "He asks me to restart the box, which I have done.", 50.0, phase="progress", steps_repeated=1),
    _chat(47, "And to unplug the cable, which I have done.", 45.0, phase="progress", steps_repeated=2),
    _chat(52, "I type slowly, with one hand on the box.", 39.0, phase="progress", channel_unfit=True),
    _chat(58, "I give up.", 27.0, phase="ended", outcome="abandoned"),
    _phone(65, "I phone.", 27.0, phase="queued"),
    _phone(80, "Fifteen minutes of menus and waiting.", 25.0, phase="answered", waits_s=[900]),
    _phone(82, "She cannot see what I wrote to her colleague.", 23.4, phase="progress", context_lost=True),
    _phone(84, "She asks me to restart the box.", 22.4, phase="progress", steps_repeated=1),
    _phone(87, "And to unplug the cable.", 21.4, phase="progress", steps_repeated=2),
    _phone(89, "She passes me on to the experts.", 21.4, phase="transferred"),
    _phone(109, "Twenty minutes of music.", 18.4, phase="progress", waits_s=[900, 1200]),
    _phone(110, "The transfer fails.", 6.4, phase="progress", transfers_failed=1),
    _phone(111, "I am back in the first menu: an element of a process.", 0.4, phase="progress", menu_loops=1),
)
LASTS = MOMENTS[-1].minute * MINUTE
RESCUED_AT = 3
"""Which moment puts the customer on the rescue list: the first repeated step, before the chat is abandoned."""


def sequence(moments: Iterable[Moment] = MOMENTS) -> list[float]:
    """Return the scores as docs/method.md §2 tells them: each value once.

    >>> sequence()
    [70.0, 55.0, 50.0, 45.0, 39.0, 27.0, 25.0, 23.4, 22.4, 21.4, 18.4, 6.4, 0.4]
    """
    scores = [moment.score for moment in moments]
    return [score for at, score in enumerate(scores) if not at or score != scores[at - 1]]


def subject() -> Subject:
    """Return the pseudonym of the customer the story happens to."""
    return pseudonym(WHO)


def events(start: int, *, history: bool = False) -> list[Ready]:
    """Return the story's events, the line failing at ``start`` (milliseconds UTC)."""
    who = subject()
    head = {"subject": who, "history": history}
    return [
        Ready(start + moment.minute * MINUTE, who.encode(), dumps(_event(number, moment, start) | head).encode())
        for number, moment in enumerate(MOMENTS)
    ]


def _event(number: int, moment: Moment, start: int) -> dict[str, object]:
    segment = {"offer": "fibre", "region": "ile-de-france"}
    return {
        "specversion": "1.0",
        "id": f"story-{start}-{number}",
        "source": moment.source,
        "type": "ressenti.incident" if "incident" in moment.data else "ressenti.contact",
        "time": instant(start + moment.minute * MINUTE),
        "data": {"journey": JOURNEY, "touchpoint": "outage_support", "segment": segment, **moment.data},
    }
