"""A unit's values: each metric counts what it says, inside its window and its scope."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.measures import MEASURES
from models.customers import unpack
from models.identifiers import DAY, HOUR, MINUTE, Millis, Subject
from models.policy import default
from streams.outcomes import Lived, Span, outcome
from streams.units import held_from
from tests.streams.events import SCOPES, SUBJECTS, T0, always, contact, definitions, event, experiment, records
from tests.streams.worlds import World, folded

ANNE = SUBJECTS[0]
LIFE = [
    contact(ANNE, T0, "c1", "queued"),
    contact(ANNE, T0 + 8 * MINUTE, "c1", "answered"),
    contact(ANNE, T0 + 9 * MINUTE, "c1", "ended", outcome="resolved"),
    event(ANNE, "answer", T0 + HOUR, {"instrument": "csat", "value": 2, "contact": "c1"}, id="a1"),
    event(ANNE, "answer", T0 + HOUR, {"instrument": "nps", "value": 9}, id="a2"),
    event(ANNE, "answer", T0 + HOUR, {"instrument": "nps", "value": 7}, id="a3"),
    event(ANNE, "answer", T0 + HOUR, {"instrument": "nps", "value": 1}, id="a4"),
    event(ANNE, "complaint", T0 + HOUR, {"complaint": "k1", "touchpoint": "billing"}, id="k1"),
    event(ANNE, "complaint", T0 + 2 * HOUR, {"complaint": "k1", "touchpoint": "billing"}, id="k2"),
    event(ANNE, "purchase", T0 + HOUR, {"amount": 20.0, "currency": "EUR"}, id="b1"),
    contact(ANNE, T0 + DAY, "c2", "ended", outcome="unresolved"),
]


def lived() -> Lived:
    effects = folded(records(LIFE, T0 + 2 * DAY), always())
    state = unpack(effects.customers[Subject(ANNE)].state)
    parts = [c for journey in state.applied for c in journey.contributions]
    return Lived(state.facts, parts, [Millis(T0 + 8 * MINUTE)], SCOPES)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("contacts", (2, 2)),
        ("contact_score", (2, 2_500 + 10_000)),
        ("good_contact", (2, 1)),
        ("loss.wait", (2, 1_500)),
        ("csat", (1, 2_500)),
        ("nps", (3, 0)),
        ("ces", (0, 0)),
        ("complaints", (1, 1)),
        ("purchase", (1, 1)),
        ("departure", (0, 0)),
        ("rescues", (1, 1)),
    ],
)
def test_each_metric_counts_what_it_says(metric: str, value: tuple[int, int]) -> None:
    assert outcome(metric, lived(), Span(T0, T0 + 2 * DAY), "all") == value


def test_only_the_window_and_the_scope_count() -> None:
    life = lived()
    assert outcome("contacts", life, Span(T0, T0 + DAY), "all") == (1, 1)
    assert outcome("contacts", life, Span(T0, T0 + 2 * DAY), "channel:phone") == (0, 0)
    assert outcome("complaints", life, Span(T0, T0 + DAY), "touchpoint:help") == (0, 0)
    assert outcome("complaints", life, Span(T0, T0 + DAY), "touchpoint:billing") == (1, 1)
    assert outcome("rescues", life, Span(T0 + HOUR, T0 + DAY), "all") == (0, 0)


@pytest.mark.parametrize("metric", sorted(MEASURES))
def test_every_measure_that_can_be_planned_has_a_value(metric: str) -> None:
    n, total = outcome(metric, lived(), Span(T0, T0 + 2 * DAY), "all")
    assert n >= 0
    assert isinstance(total, int)


def exposed_life(*arms: str) -> list[tuple[bytes, bytes]]:
    met = [event(ANNE, "exposure", T0 + n, {"experiment": "x1", "arm": arm}, id=f"x{n}") for n, arm in enumerate(arms)]
    return [*met, *LIFE]


def test_a_unit_is_born_at_exposure_with_zeros_and_marked_when_it_crosses() -> None:
    defined = definitions(default(), experiments=(experiment(default().version),))
    born = folded(records(exposed_life("a")[:1], T0 + DAY), always(defined)).units["x1", Subject(ANNE)]
    assert (born.arm, born.n, born.total, born.pre_n, born.crossed) == ("a", 0, 0, 0, False)
    assert born.matures_at == T0 + 14 * DAY
    full = folded(records(exposed_life("a", "b"), T0 + 2 * DAY), always(defined)).units["x1", Subject(ANNE)]
    assert (full.arm, full.n, full.total, full.crossed) == ("a", 2, 12_500, True)
    assert (full.mechanism, full.guardrails) == (1_500, {"contacts": (2, 2), "complaints": (1, 1)})


def test_an_unknown_arm_or_experiment_makes_no_unit() -> None:
    defined = definitions(default(), experiments=(experiment(default().version),))
    assert folded(records(exposed_life("z"), T0 + 2 * DAY), always(defined)).units == {}
    assert folded(records(exposed_life("a"), T0 + 2 * DAY), always()).units == {}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 120))
def test_a_unit_keeps_its_whole_pre_period_however_long_its_customer_is_silent(days: int) -> None:
    """Journeys that a unit was computed from leave the row only together with the exposure."""
    defined = definitions(default(), experiments=(experiment(default().version),))
    before = contact(ANNE, T0 - 10 * DAY, "c0", "ended", waits_s=[480])
    later = contact(ANNE, T0 + days * DAY, "c9", "ended")
    world = World(always(defined))
    pairs = [before, *exposed_life("a"), later]
    times = [T0 - 10 * DAY, *[T0 + 2 * DAY] * (len(pairs) - 2), max(T0 + 2 * DAY, T0 + days * DAY)]
    for record in records(pairs, times):
        world.fold([record])
    assert world.written is not None
    unit = world.written.units["x1", Subject(ANNE)]
    assert (unit.pre_n, unit.pre_sum) == (1, 8_500)


def test_facts_are_held_until_the_outcome_is_final() -> None:
    defined = definitions(default(), experiments=(experiment(default().version),))
    state = unpack(folded(records(exposed_life("a"), T0 + 2 * DAY), always(defined)).customers[Subject(ANNE)].state)
    live = defined.experiments
    assert held_from(state.facts, live, T0 + 60 * DAY) == T0 - 20 * DAY
    assert held_from(state.facts, live, T0 + 60 * DAY + 1) is None
    assert held_from(state.facts, (), T0) is None
