"""Events a second of each contender, and ours as ratios to them; all by two clocks.

The wall's clock is what a user waits by, on cores that broker and database share; the processor's counts the
contender's own processes and is disturbed less by neighbours.
"""

import os
from collections.abc import Callable, Mapping, Sequence

from benchmarks.cluster.contenders import Ran, bare, ours, rival
from benchmarks.cluster.environments import python_of
from benchmarks.cluster.ground import Ground
from benchmarks.cluster.outcome import Outcome, rounded
from benchmarks.figures import Figure, quantile

OURS = "our worker"
QUIET = "our worker without scores"
TWO = "two workers of ours"
SEEN_US = 0.1
"""The database server does a little by itself, also for those that do not use it."""
Contender = Callable[[Ground, int], Ran]
CONTENDERS: Mapping[str, Contender] = {
    "faust": lambda ground, _: rival(ground, "plain_faust"),
    "faust-table": lambda ground, _: rival(ground, "faust_table"),
    "transport": lambda ground, _: bare(ground),
    "quix": lambda ground, _: rival(ground, "quix", python_of("quix")),
    "bytewax": lambda ground, _: rival(ground, "bytewax_flow", python_of("bytewax")),
    OURS: lambda ground, turn: ours(ground, f"one_{turn}"),
    QUIET: lambda ground, turn: ours(
        ground, f"quiet_{turn}", RESSENTI_KAFKA_PUBLISH="dead-letters,rescues,gaps,verdicts"
    ),
    TWO: lambda ground, turn: ours(ground, f"two_{turn}", 2),
}
SAYS = {
    "faust": "a plain agent that decodes and counts; nothing is kept",
    "faust-table": "count and mean per customer in a Table",
    "transport": "our chunk transport alone: fetches, wraps, throws away",
    "quix": "count and mean per customer, state with changelog",
    "bytewax": "count and mean per customer, snapshots every 10 s",
    OURS: "the whole job, durable in PostgreSQL, a message for each journey that changed",
    QUIET: "the same job without those messages",
    TWO: "the whole job, on the same cores as broker and database",
}
Done = Mapping[str, Sequence[Ran]]


def measure(ground: Ground, names: Sequence[str], rounds: int) -> Outcome:
    """Run each of ``names`` ``rounds`` times, one after the other, and compare."""
    done: dict[str, list[Ran]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names:
            done[name].append(CONTENDERS[name](ground, turn))
    return told(done, ground.events, os.cpu_count() or 1)


def told(done: Done, events: int, cores: int) -> Outcome:
    """Return what the contenders in ``done`` did on ``cores`` cores as a figure and as named values."""
    on: dict[str, float | str] = {"events": events, "rounds": len(next(iter(done.values()))), "cores": cores}
    figure = Figure("rates", "how many events a second, beside others?", on)
    named: dict[str, object] = {
        **on,
        "rates": {name: _rates(figure, name, found) for name, found in done.items()},
        "ratios": _ratios(figure, done),
        "servers_us_per_event": {name: _servers(figure, name, found) for name, found in done.items()},
    }
    if OURS in done:
        named["unsent_messages"] = _unsent(figure, done[OURS])
    if OURS in done and TWO in done:
        named["two_workers_against_one"] = _two(figure, done, cores)
    return Outcome(figure, named)


def _rates(figure: Figure, name: str, found: Sequence[Ran]) -> dict[str, float]:
    wall, processor = _median(found, lambda ran: ran.rate), _median(found, lambda ran: ran.per_processor)
    figure.add(name, wall, "events/s of wall time", SAYS[name])
    figure.add(name, processor, "events/s of processor time", "its own processes, without broker and database")
    return {"wall": rounded(wall), "processor": rounded(processor)}


def _ratios(figure: Figure, done: Done) -> dict[str, dict[str, float]]:
    return {
        f"{OURS} / {name}": _ratio(figure, f"{OURS} / {name}", done[OURS], done[name])
        for name in done
        if OURS in done and name not in {OURS, TWO}
    }


def _ratio(figure: Figure, label: str, mine: Sequence[Ran], others: Sequence[Ran]) -> dict[str, float]:
    wall = _against(mine, others, lambda ran: ran.rate)
    processor = _against(mine, others, lambda ran: ran.per_processor)
    figure.add(label, wall, "× wall time")
    figure.add(label, processor, "× processor time")
    return {"wall": rounded(wall), "processor": rounded(processor)}


def _servers(figure: Figure, name: str, found: Sequence[Ran]) -> dict[str, float]:
    broker = 1e6 * _median(found, lambda ran: ran.servers.broker / ran.events)
    database = 1e6 * _median(found, lambda ran: ran.servers.database / ran.events)
    figure.add(f"broker, for {name}", broker, "µs/event of processor time")
    if database >= SEEN_US:
        figure.add(f"database, for {name}", database, "µs/event of processor time")
    return {"broker": rounded(broker), "database": rounded(database)}


def _unsent(figure: Figure, found: Sequence[Ran]) -> float:
    unsent = _median(found, lambda ran: ran.unsent)
    figure.add("messages not sent yet", unsent, "", "when the last event is durable; sending them is not in the rate")
    return unsent


def _two(figure: Figure, done: Done, cores: int) -> dict[str, float]:
    """Compare two workers with one, and say what the shared cores hide."""
    both, one = done[TWO], done[OURS]
    found = {
        "wall": _against(both, one, lambda ran: ran.rate),
        "processor_per_event": _against(both, one, lambda ran: ran.processor / ran.events),
        "broker_per_event": _against(both, one, lambda ran: ran.servers.broker / ran.events),
        "database_per_event": _against(both, one, lambda ran: ran.servers.database / ran.events),
        "cores_busy_with_one": _median(one, lambda ran: ran.busy),
        "cores_busy_with_two": _median(both, lambda ran: ran.busy),
    }
    found["most_these_cores_allow"] = cores / found["cores_busy_with_one"]
    hidden = (
        f"{found['cores_busy_with_one']:.2f} of {cores} cores were busy with one worker, its broker and its database, "
        f"so two could be {found['most_these_cores_allow']:.2f} × as fast here at most"
    )
    figure.add("two workers / one", found["wall"], "× wall time", hidden)
    for name, whose in (("processor", "the workers'"), ("broker", "the broker's"), ("database", "the database's")):
        figure.add("two workers / one", found[f"{name}_per_event"], "× processor time per event", f"{whose} own")
    return {name: rounded(value) for name, value in found.items()}


def _against(mine: Sequence[Ran], others: Sequence[Ran], value: Callable[[Ran], float]) -> float:
    """Return the median of the ratios of each round; 0 where the other took nothing that could be seen."""
    pairs = zip(mine, others, strict=True)
    return quantile([value(a) / value(b) if value(b) else 0.0 for a, b in pairs], 0.5)


def _median(found: Sequence[Ran], value: Callable[[Ran], float]) -> float:
    return quantile([value(ran) for ran in found], 0.5)
