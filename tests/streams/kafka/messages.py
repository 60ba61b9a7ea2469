"""Payloads as they are sent, of every kind, for whoever checks what they look like."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from experiments.decision import Decision, Learning
from experiments.verdict import Kind
from models.effects import DeadLetter
from models.identifiers import Millis, Offset, Partition
from streams.publishing import (
    News,
    dead_letter_payload,
    gap_message,
    messages,
    verdict_message,
)
from tests.experiments.test_verdict import verdict
from tests.store.samples import journey_row, letter, rescue, subject
from tests.store.test_decisions import GAP, experiment

ALL = frozenset({"scores", "rescues", "gaps", "verdicts", "dead-letters"})
WHO = subject(1)


def _news(topic: str) -> list[bytes]:
    unscored = journey_row(WHO, "k", score=None)
    rescues = {"j": rescue(WHO), "k": rescue(WHO, "k", left=True)}
    news = News(WHO, Offset(7), {"j": journey_row(WHO), "k": unscored}, [], rescues, [])
    return [message.payload for message in messages(news, ALL) if message.topic == topic]


EVALUATED = replace(experiment(), verdict=verdict(Kind.AS_EXPECTED))
DECIDED = replace(EVALUATED, decision=Decision("adopt", "Bob", Millis(3)), learning=Learning("it keeps them"))

EXAMPLES: Mapping[str, Sequence[bytes]] = {
    "scores": _news("scores"),
    "rescues": _news("rescues"),
    "gaps": [gap_message(GAP, 3).payload],
    "verdicts": [verdict_message(one, verdict(Kind.AS_EXPECTED), 4).payload for one in (EVALUATED, DECIDED)],
    "dead-letters": [
        dead_letter_payload(Partition(2), letter(9, WHO, b"\xff\x00 no text")),
        dead_letter_payload(Partition(0), DeadLetter(Offset(1), Millis(2), None, None, "poison", "", "why", b"")),
    ],
    "erased": [b'{"subject":"p1_1","erased_at":1700000000000}'],
}
