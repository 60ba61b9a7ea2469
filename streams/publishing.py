"""What the world hears: full states, each with a version, so that a repeat or a stale message is known by it.

What a fold has to say is written with its checkpoint (``messages``, ``letters``); what people and ticks change is found
by ``streams.announcing``. Nothing is sent here: messages are rows of the outbox, which ``streams.webhooks`` and
``streams.kafka.outbox`` deliver. An empty payload says that the entity of that key is no more.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from experiments.decision import Decision, Learning
from experiments.ledger import Experiment
from experiments.states import State
from experiments.verdict import Verdict
from models.effects import DeadLetter, JourneyRow, OutboxMessage, RescueRow, Topic
from models.gaps.gap import Gap
from models.identifiers import Millis, Offset, Partition, Subject

LETTER = -1
"""The number of a dead letter's message at its offset; those about customers count from 0."""
GONE = b""

_encode = msgspec.json.Encoder().encode


class ScoreMessage(msgspec.Struct, tag_field="type", tag="ressenti.score"):
    """A journey as it is scored now; ``version`` grows with the log."""

    version: int
    journey: JourneyRow


class RescueMessage(msgspec.Struct, tag_field="type", tag="ressenti.rescue"):
    """A customer to call now, or how it ended; ``version`` grows with the log."""

    version: int
    rescue: RescueRow


class GapMessage(msgspec.Struct, tag_field="type", tag="ressenti.gap"):
    """A gap as it stands; ``version`` counts its writings."""

    version: int
    gap: Gap


class VerdictMessage(msgspec.Struct, tag_field="type", tag="ressenti.verdict"):
    """An experiment that was evaluated, and what was decided on it; ``version`` counts the record's writings."""

    version: int
    experiment: str
    title: str
    gap: str | None
    state: State
    verdict: Verdict
    decision: Decision | None
    learning: Learning | None


class DeadLetterMessage(msgspec.Struct, tag_field="type", tag="ressenti.dead_letter"):
    """A record that could not be scored, and why; ``raw`` holds its bytes (base64). It never changes."""

    version: int
    partition: Partition
    offset: Offset
    log_time: Millis
    subject: Subject | None
    source: str | None
    code: str
    field: str
    reason: str
    raw: bytes


class ErasedMessage(msgspec.Struct):
    """A customer to be forgotten by whoever heard of them."""

    subject: Subject
    erased_at: Millis


class News(NamedTuple):
    """What a fold has to say of one customer."""

    subject: Subject
    offset: Offset
    """The customer's latest in the chunk; the version of everything said here."""
    journeys: Mapping[str, JourneyRow]
    journeys_gone: Collection[str]
    rescues: Mapping[str, RescueRow]
    rescues_gone: Collection[str]


def messages(news: News, topics: frozenset[str]) -> list[OutboxMessage]:
    """Return the messages about one customer for those ``topics`` that somebody listens to."""
    subject, offset, journeys, journeys_gone, rescues, rescues_gone = news
    said: list[tuple[Topic, str, bytes]] = []
    if "scores" in topics:
        said += [("scores", key, GONE) for key in sorted(journeys_gone)]
        said += [("scores", key, _encode(ScoreMessage(offset, row))) for key, row in journeys.items()]
    if "rescues" in topics and (rescues_gone or rescues):
        said += [("rescues", key, GONE) for key in sorted(rescues_gone)]
        said += [("rescues", key, _encode(RescueMessage(offset, row))) for key, row in rescues.items()]
    return [
        OutboxMessage(offset, n, topic, f"{subject}/{key}", payload) for n, (topic, key, payload) in enumerate(said)
    ]


def letters(buried: Iterable[DeadLetter], topics: frozenset[str]) -> list[OutboxMessage]:
    """Return a message for each dead letter: a reference, since erasing and retention must reach its bytes."""
    if "dead-letters" not in topics:
        return []
    return [OutboxMessage(letter.offset, LETTER, "dead-letters", "", GONE) for letter in buried]


def gone(message: OutboxMessage) -> bytes:
    """Return what ``message``, whose payload is empty, says where a key alone cannot say it."""
    return _encode({"type": "ressenti.gone", "version": message.offset, "topic": message.topic, "key": message.key})


def dead_letter_payload(partition: Partition, letter: DeadLetter) -> bytes:
    """Return what a dead letter's message says when it is sent."""
    return _encode(
        DeadLetterMessage(
            letter.offset,
            partition,
            letter.offset,
            letter.log_time,
            letter.subject,
            letter.source,
            letter.code,
            letter.field,
            letter.reason,
            letter.raw,
        )
    )


def gap_message(gap: Gap, version: int) -> OutboxMessage:
    """Return the message about a gap."""
    return OutboxMessage(Offset(0), 0, "gaps", gap.id, _encode(GapMessage(version, gap)))


def verdict_message(experiment: Experiment, verdict: Verdict, version: int) -> OutboxMessage:
    """Return the message about an experiment that was evaluated."""
    payload = VerdictMessage(
        version=version,
        experiment=experiment.id,
        title=experiment.title,
        gap=experiment.origin.reference if experiment.origin.kind == "gap" else None,
        state=experiment.state,
        verdict=verdict,
        decision=experiment.decision,
        learning=experiment.learning,
    )
    return OutboxMessage(Offset(0), 0, "verdicts", experiment.id, _encode(payload))
