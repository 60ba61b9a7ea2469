"""What is left of a provisional adoption at its recheck: the scope lately, against the scope before the action began.

Both from the day cells, with intervals by customer groups. What the figures mean is for the owner to say.
"""

import math

from experiments.ledger import Experiment
from experiments.measures import MEASURES, measure_of
from experiments.plan import Expected, sign_of
from experiments.proposals import Level, level_of
from experiments.recheck import Measured, Recheck
from models.identifiers import DAY, Millis
from store.database import Store
from streams.outcomes import cell_keys

SPAN: Millis = Millis(28 * DAY)
"""How much of the past is looked at, before and lately: whole weeks, because weekdays differ."""


def remeasured(store: Store, experiment: Experiment, now: Millis) -> Recheck:
    """Return what the scope's cells say of the adopted action now; reads 56 days."""
    expected, started = experiment.plan.expected, experiment.started_at
    measure = MEASURES.get(expected.metric) if expected is not None else None
    if expected is None or started is None or measure is None or not measure.on_days:
        return Recheck(now, words="the scope’s days do not tell this metric: look at it where it is kept")
    policy = store.definitions.current().active.version
    before = _level(store, policy, expected, started)
    lately = _level(store, policy, expected, now)
    if before is None or lately is None:
        return Recheck(now, words="too few customers were met before or lately to compare")
    measured = _compared(before, lately, sign_of(expected.direction))
    return Recheck(now, measured, _words(measured))


def _level(store: Store, policy: str, expected: Expected, until: Millis) -> Level | None:
    counted, summed = cell_keys(expected.metric)
    groups: dict[int, tuple[int, int]] = {}
    for (_, group), counts in store.cells.by_group(policy, expected.scope, (Millis(until - SPAN), until)).items():
        total, n = groups.get(group, (0, 0))
        more = sum(counts.get(key, 0) for key in summed), sum(counts.get(key, 0) for key in counted)
        groups[group] = (total + more[0], n + more[1])
    return level_of(groups, measure_of(expected.metric).scale)


def _compared(before: Level, lately: Level, sign: int) -> Measured:
    half = math.hypot(before.high - before.value, lately.high - lately.value)
    gain = sign * (lately.value - before.value)
    return Measured(before.value, lately.value, gain, gain - half, gain + half, SPAN // DAY)


def _words(found: Measured) -> str:
    said = (
        f"{found.lately:.1f} in the last {found.days} days against {found.before:.1f} before the action: "
        f"a gain of {found.gain:+.1f} ({found.low:+.1f} to {found.high:+.1f})"
    )
    return said.replace("-", "−")
