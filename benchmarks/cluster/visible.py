"""How soon an acknowledged event is visible, while one worker folds events that come at a steady rate.

The rate is half of what the worker keeps up with, which is measured first: on events of the same kind, of nearly as
many customers as there are events, appended as fast as they are taken.

Events are appended through ``KafkaLog.append``, as a collector does, by several callers at once. The last event of each
batch is of a customer nobody met before; it is followed from the acknowledgement of its batch to the first look that
finds the customer's row in the store, so times include half the pause between two looks.
"""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, islice

from benchmarks.cluster.ground import STILL, Ground, Pair
from benchmarks.cluster.looking import Looker
from benchmarks.cluster.outcome import Outcome, rounded
from benchmarks.cluster.workers import Workers, running
from benchmarks.figures import Figure, quantile
from benchmarks.workload import Shape
from demo.customers import pseudonym
from demo.envelopes import keyed
from models.identifiers import DAY, Millis, Subject
from store.database import system_clock
from streams.kafka.log import KafkaLog, opened_log
from streams.settings import read

PREFIX = "visible."
BATCH = 100
SENDERS = 8
CUSTOMERS = 1_000_000
"""So many live some 6,000 events an hour: what is sent happened within the last day, nearly each to somebody else."""
MOST_EVENTS = 10_000_000
PEAK_BATCHES = 400
WARM_S = 3.0
"""How long events are sent before any is followed."""
START_S = 60.0

Batch = tuple[Subject, list[Pair]]
"""A customer nobody met before, and events, the last of them theirs."""


@dataclass(frozen=True, slots=True)
class Load:
    """How many events a second (half of the peak where it is ``None``), and for how long they are followed."""

    rate: float | None
    seconds: float


@dataclass(slots=True)
class Sent:
    """How the sending went."""

    events: int = 0
    seconds: float = 0.0
    late: list[float] = field(default_factory=lambda: [0.0])
    """How far behind its plan each batch was (s)."""
    took: list[float] = field(default_factory=list)
    """From handing a batch over to its acknowledgement (s)."""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


def measure(ground: Ground, load: Load) -> Outcome:
    """Send for ``load.seconds`` and follow the last event of every batch; raises ``TimeoutError`` for one not seen."""
    environment = ground.prepare("visible", PREFIX, **STILL)
    batches = _batches()
    url = ground.cluster.url("visible")
    with opened_log(read(environment)) as log, running(environment) as workers, Looker(url) as looker:
        _begin(log, looker, workers, next(batches))
        peak = None if load.rate is not None else _peak(log, looker, list(islice(batches, PEAK_BATCHES)))
        rate = load.rate or (peak or 0.0) / 2
        _send(log, rate, list(islice(batches, round(rate * WARM_S / BATCH))), None)
        sent = _send(log, rate, list(islice(batches, max(1, round(rate * load.seconds / BATCH)))), looker)
        looker.wait(START_S)
    return _told(rate, peak, sent, looker.seen)


def _begin(log: KafkaLog, looker: Looker, workers: Workers, batch: Batch) -> None:
    """Wait until the worker folds."""
    places = log.append(batch[1])
    looker.follow(places[-1][0], batch[0], time.perf_counter())
    looker.wait(START_S)
    looker.seen.clear()
    workers.check()


def _peak(log: KafkaLog, looker: Looker, batches: Sequence[Batch]) -> float:
    """Return how many events a second the worker folds of those appended as fast as they are taken."""
    began = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as senders:
        for (subject, _), places in zip(batches, senders.map(lambda batch: log.append(batch[1]), batches), strict=True):
            looker.follow(places[-1][0], subject, began)
    looker.wait(START_S)
    looker.seen.clear()
    return len(batches) * BATCH / (time.perf_counter() - began)


def _send(log: KafkaLog, rate: float, batches: Sequence[Batch], looker: Looker | None) -> Sent:
    """Send each batch when it is due, whether or not those before are acknowledged, as many senders would."""
    sent, began = Sent(), time.perf_counter()

    def append(batch: Batch, due: float) -> None:
        handed = time.perf_counter()
        places = log.append(batch[1])
        acknowledged = time.perf_counter()
        if looker is not None:
            looker.follow(places[-1][0], batch[0], acknowledged)
        sent.late.append(handed - due)
        sent.took.append(acknowledged - handed)

    with ThreadPoolExecutor(SENDERS) as senders:
        posts = []
        for number, batch in enumerate(batches):
            due = began + number * BATCH / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            posts.append(senders.submit(append, batch, due))
        for post in posts:
            post.result()
    sent.events, sent.seconds = len(batches) * BATCH, time.perf_counter() - began
    return sent


def _batches() -> Iterator[Batch]:
    lived = Shape(MOST_EVENTS, CUSTOMERS, live=True, start=Millis(system_clock() - DAY))
    events: Iterator[Pair] = keyed(lived.stream())
    for number in count():
        subject = pseudonym(f"visible-{number}")
        yield subject, [*islice(events, BATCH - 1), (subject.encode(), _marker(number, subject))]


def _marker(number: int, subject: Subject) -> bytes:
    event = {
        "specversion": "1.0",
        "id": f"visible-{number}",
        "source": "chat_platform",
        "type": "ressenti.contact",
        "time": datetime.now(UTC).isoformat(),
        "subject": subject,
        "data": {"contact": f"v{number}", "phase": "queued", "touchpoint": "outage_support", "channel": "chat"},
    }
    return json.dumps(event).encode()


def _told(rate: float, peak: float | None, sent: Sent, seen: Sequence[float]) -> Outcome:
    on: dict[str, float | str] = {"events": sent.events, "seconds": round(sent.seconds, 1), "events per batch": BATCH}
    figure = Figure("visible", "how soon is an acknowledged event in the store, under half the peak load?", on)
    late = f"asked for {rate:,.0f}; at most {max(sent.late):.2f} s behind"
    figure.add("rate reached", sent.rate, "events/s", late)
    named: dict[str, object] = {"visible_followed": len(seen), "visible_rate": rounded(sent.rate)}
    if peak is not None:
        figure.add("peak", peak, "events/s", "of such events, appended as fast as they are taken")
        named["visible_peak"] = rounded(peak)
    for share in (50, 99):
        acknowledged, visible = (1_000 * quantile(values, share / 100) for values in (sent.took, seen))
        figure.add(f"acknowledged, p{share}", acknowledged, "ms", "from handing a batch over")
        figure.add(f"visible, p{share}", visible, "ms", f"from the acknowledgement; of {len(seen)} followed")
        named |= {f"acknowledged_p{share}_ms": rounded(acknowledged), f"visible_p{share}_ms": rounded(visible)}
    return Outcome(figure, named)
