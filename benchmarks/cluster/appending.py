"""How many events a second one collector's log takes: ``KafkaLog.append``, until all of a batch is acknowledged."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from benchmarks.cluster.ground import Ground, Pair, ressenti
from benchmarks.cluster.outcome import Outcome, rounded
from benchmarks.figures import Figure
from benchmarks.timing import Spent, timed
from benchmarks.workload import Shape
from demo.envelopes import keyed
from streams.kafka.log import KafkaLog, opened_log
from streams.settings import read

PREFIX = "append."
BATCH = 500
CALLERS = 8
WARM = 4
"""Batches that are appended first and not counted."""


def measure(ground: Ground, events: int) -> Outcome:
    """Append ``events`` events in batches: one after the other, then as many again by eight callers at once."""
    count = max(1, events // BATCH)
    stream = keyed(Shape.of((WARM + 2 * count) * BATCH).stream())
    batches = [list(islice(stream, BATCH)) for _ in range(WARM + 2 * count)]
    environment = ground.environment("postgres", PREFIX)
    ressenti(environment, "topics", "create")
    with opened_log(read(environment)) as log:
        _appended(log, batches[:WARM], 1)
        alone = _appended(log, batches[WARM : WARM + count], 1)
        together = _appended(log, batches[WARM + count :], CALLERS)
    return _told(count * BATCH, alone, together)


def _appended(log: KafkaLog, batches: Sequence[Sequence[Pair]], callers: int) -> Spent:
    with ThreadPoolExecutor(callers) as pool:
        return timed(lambda: list(pool.map(log.append, batches)))


def _told(events: int, alone: Spent, together: Spent) -> Outcome:
    figure = Figure(
        "append", "how many events a second does a log take?", {"events": events, "events per batch": BATCH}
    )
    named: dict[str, object] = {}
    for key, spent, who in (
        ("append", alone, "one caller"),
        ("append_together", together, f"{CALLERS} callers at once"),
    ):
        rate, cost = events / spent.wall, 1e6 * spent.processor / events
        figure.add("appended", rate, "events/s of wall time", who)
        figure.add("appended", cost, "µs/event of processor time", f"{who}; this process alone")
        named |= {f"{key}_per_s": rounded(rate), f"{key}_processor_us": rounded(cost)}
    return Outcome(figure, named)
