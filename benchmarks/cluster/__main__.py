"""``make bench-kafka [ARGS="…"]``: the engine on Kafka and PostgreSQL, part by part, on servers started for it."""

import json
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.cluster import appending, costed, failover, known, rates, visible
from benchmarks.cluster.asking import Asked, asked
from benchmarks.cluster.ground import Ground, standing
from benchmarks.cluster.outcome import Outcome, joined
from benchmarks.figures import show
from streams.logging import configure
from streams.settings import Settings

ENDED = 128 + signal.SIGTERM
"""The exit code of who was asked to stop; on the way there everything that was started is ended."""

Done = Mapping[str, Outcome]


PARTS: Mapping[str, Callable[[Ground, Asked, Done], Outcome]] = {
    "rates": lambda ground, given, _: rates.measure(ground, given.contenders, given.rounds),
    "costs": lambda ground, _given, _done: costed.measure(ground),
    "append": lambda ground, given, _: appending.measure(ground, given.fold),
    "visible": lambda ground, given, _: visible.measure(ground, visible.Load(given.rate, given.seconds)),
    "memory": lambda ground, given, _: known.measure(ground, given.fold, given.customers),
    "failover": lambda ground, given, _: failover.measure(ground, given.sessions),
}
"""Measured in this order: those that fill the database or start and kill workers come last."""


def _events(given: Asked) -> int:
    """Return how many events the topic that contenders read must hold: none where no part reads it."""
    return given.events if {"rates", "costs"} & set(given.parts) else 0


def main() -> None:
    """Measure, and print what came out."""
    given = asked(None, PARTS, __doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))
    configure(Settings(log_level="warning"))
    done: dict[str, Outcome] = {}
    with (
        tempfile.TemporaryDirectory(prefix="ressenti-bench-kafka-") as folder,
        standing(Path(folder), _events(given)) as ground,
    ):
        for name in given.parts:
            done[name] = PARTS[name](ground, given, done)
            if not given.json:
                show([done[name].figure])
    if given.json:
        json.dump(joined(done.values()), sys.stdout, indent=1, ensure_ascii=False)
        print()


if __name__ == "__main__":
    main()
