"""Events a second of each contender, and ours as ratios to them; all by two clocks.

The wall's clock is what a user waits by, on two cores that broker and database share; the processor's counts the
contender's own processes and is disturbed less by neighbours.
"""

from collections.abc import Callable, Mapping, Sequence

from benchmarks.cluster.contenders import Ran, bare, ours, rival
from benchmarks.cluster.environments import python_of
from benchmarks.cluster.ground import Ground
from benchmarks.figures import Figure, quantile

OURS = "our worker"
TWO = "two workers of ours"
Contender = Callable[[Ground, int], Ran]
CONTENDERS: Mapping[str, Contender] = {
    "faust": lambda ground, _: rival(ground, "plain_faust"),
    "faust-table": lambda ground, _: rival(ground, "faust_table"),
    "transport": lambda ground, _: bare(ground),
    "quix": lambda ground, _: rival(ground, "quix", python_of("quix")),
    "bytewax": lambda ground, _: rival(ground, "bytewax_flow", python_of("bytewax")),
    OURS: lambda ground, turn: ours(ground, f"one_{turn}"),
    TWO: lambda ground, turn: ours(ground, f"two_{turn}", 2),
}
SAYS = {
    "faust": "a plain agent that decodes and counts; nothing is kept",
    "faust-table": "count and mean per customer in a Table",
    "transport": "our chunk transport alone: fetches, wraps, throws away",
    "quix": "count and mean per customer, state with changelog",
    "bytewax": "count and mean per customer, snapshots every 10 s",
    OURS: "the whole job, durable in PostgreSQL",
    TWO: "the same, on the same two cores",
}


def measure(ground: Ground, names: Sequence[str], rounds: int) -> Figure:
    """Run each of ``names`` ``rounds`` times, one after the other, and compare."""
    done: dict[str, list[Ran]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names:
            done[name].append(CONTENDERS[name](ground, turn))
    figure = Figure("kafka", "how many events a second, beside others?", {"events": ground.events, "rounds": rounds})
    for name, found in done.items():
        figure.add(name, _median(found, lambda ran: ran.rate), "events/s of wall time", SAYS[name])
        figure.add(name, _median(found, lambda ran: ran.per_processor), "events/s of processor time", SAYS[name])
    if OURS in done:
        for name in names:
            if name != OURS:
                _compare(figure, done, name)
    return figure


def _compare(figure: Figure, done: Mapping[str, Sequence[Ran]], name: str) -> None:
    mine, other = (done[OURS], done[name]) if name != TWO else (done[TWO], done[OURS])
    label = f"{OURS} / {name}" if name != TWO else f"{TWO} / one"
    pairs = list(zip(mine, other, strict=True))
    figure.add(label, quantile([a.rate / b.rate for a, b in pairs], 0.5), "× wall time")
    figure.add(label, quantile([a.per_processor / b.per_processor for a, b in pairs], 0.5), "× processor time")


def _median(found: Sequence[Ran], value: Callable[[Ran], float]) -> float:
    return quantile([value(ran) for ran in found], 0.5)
