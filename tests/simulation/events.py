"""What is sent: the events of a few customers, as senders really send them.

Repeated, late, out of order, under wrong keys, broken, contradicting each other, in transactions that end or are given
up, and now and then one that the database refuses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from models.identifiers import DAY
from tests.streams.events import T0, Pair, company, event

POISON = "a text that the database cannot hold"
DAYS = 3
CUSTOMERS = 5


@dataclass(frozen=True, slots=True)
class Sending:
    """Records appended at one moment."""

    pairs: tuple[Pair, ...]
    ends: str = ""
    """``commit`` or ``abort`` when it was a transaction: both leave a marker, aborted records are never read."""


def sendings(random: Random) -> list[Sending]:
    """Return everything that is sent, in the order it arrives."""
    pairs = company(random.randrange(1_000), CUSTOMERS, DAYS)
    subjects = sorted({key.decode() for key, _ in pairs})
    pairs = [*pairs, *(_extra(random, subjects) for _ in range(random.randrange(10)))]
    return list(_grouped(random, _shuffled(random, list(_repeated(random, pairs)))))


def _extra(random: Random, subjects: Sequence[str]) -> Pair:
    subject, at = random.choice(subjects), T0 + random.randrange(DAYS * DAY)
    match random.randrange(5):
        case 0:
            text = {"instrument": "csat", "value": 1, "verbatim": POISON}
            return event(subject, "answer", at, text, id=f"poison-{random.randrange(3)}")
        case 1:
            arm = random.choice("ab")
            return event(subject, "exposure", at, {"experiment": "x1", "arm": arm}, id=f"x{random.randrange(9)}")
        case 2:
            long_ago = at - random.randrange(20, 120) * DAY
            history = {"complaint": f"k{at}", "touchpoint": random.choice(["help", "moon"])}
            return event(subject, "complaint", long_ago, history, id=f"k{at}", history=True)
        case _:
            return b"a stranger's key", event(subject, "complaint", at, {"complaint": f"s{at}"}, id=f"s{at}")[1]


def _repeated(random: Random, pairs: Sequence[Pair]) -> Iterator[Pair]:
    """Yield ``pairs``, some of them again later, some of those saying something else under the same id."""
    again: list[Pair] = []
    for pair in pairs:
        yield pair
        if random.random() < 0.15:
            key, value = pair
            again.append((key, value.replace(b'"chat"', b'"phone"') if random.random() < 0.2 else value))
        if again and random.random() < 0.3:
            yield again.pop(random.randrange(len(again)))
    yield from again


def _shuffled(random: Random, pairs: list[Pair]) -> list[Pair]:
    """Return ``pairs`` with some of them a few places late."""
    late = [(n + (random.randrange(8) if random.random() < 0.2 else 0), n) for n in range(len(pairs))]
    return [pairs[n] for _, n in sorted(late)]


def _grouped(random: Random, pairs: list[Pair]) -> Iterator[Sending]:
    while pairs:
        size = random.randint(1, 4)
        group, pairs = tuple(pairs[:size]), pairs[size:]
        ends = random.choices(["", "commit", "abort"], [85, 10, 5])[0]
        yield Sending(group, ends)
        if ends == "abort" and random.random() < 0.7:
            yield Sending(group, "commit")  # whoever gives up a transaction mostly tries again
