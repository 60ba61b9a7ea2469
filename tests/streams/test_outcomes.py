"""A unit's values: each metric counts what it says, inside its window and its scope."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.measures import MEASURES
from models import instants
from models.customers import unpack
from models.identifiers import DAY, HOUR, MINUTE, Millis, Subject
from models.interactions.internals import due_event
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
    assert (full.mechanism_n, full.mechanism, full.guardrails) == (2, 1_500, {"contacts": (2, 2), "complaints": (1, 1)})


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


MATURE = T0 + 14 * DAY
AFTER = {
    "an answer about a contact of the window": event(
        ANNE, "answer", MATURE + HOUR, {"instrument": "csat", "value": 1, "contact": "c2"}, id="a9"
    ),
    "an update of a contact": contact(ANNE, MATURE + 1, "c2", "ended", outcome="resolved", waits_s=[3600]),
    "the other arm": event(ANNE, "exposure", MATURE + DAY, {"experiment": "x1", "arm": "b"}, id="x9"),
    "time": due_event(Subject(ANNE), Millis(MATURE + 30 * DAY)),
}
PROMISED = event(ANNE, "promise", T0 + DAY, {"promise": "p1", "due": instants.render(MATURE + DAY)}, id="p1")


@pytest.mark.parametrize("metric", ["contact_score", "journey_score", "customer_score", "rescues"])
@pytest.mark.parametrize("later", AFTER)
def test_nothing_after_maturity_changes_a_unit(metric: str, later: str) -> None:
    """A contact waits on as the window closes, and a promise falls due after it: what follows is not the window's."""
    defined = definitions(default(), experiments=(replace(experiment(default().version), metric=metric),))
    waits = contact(ANNE, MATURE - 5 * MINUTE, "c3", "queued")
    life = [*exposed_life("a"), PROMISED, waits, due_event(Subject(ANNE), Millis(MATURE))]
    times = [*[T0 + 2 * DAY] * (len(life) - 2), MATURE, MATURE]
    mature = folded(records(life, times), always(defined)).units["x1", Subject(ANNE)]
    more = records([*life, AFTER[later]], [*times, MATURE + 31 * DAY])
    for cuts in (set(), set(range(len(more)))):
        assert folded(more, always(defined), cuts).units["x1", Subject(ANNE)] == mature


def test_an_event_of_the_window_that_arrives_after_it_still_counts() -> None:
    defined = definitions(default(), experiments=(experiment(default().version),))
    belated = contact(ANNE, T0 + 3 * DAY, "c7", "ended", waits_s=[480])
    stream = records([*exposed_life("a"), belated], [*[T0 + 2 * DAY] * (len(LIFE) + 1), MATURE + 3 * DAY])
    unit = folded(stream, always(defined), {len(LIFE) + 1}).units["x1", Subject(ANNE)]
    assert (unit.n, unit.total) == (3, 12_500 + 8_500)


@pytest.mark.parametrize("again", [1, 30, 59, 61, 90])
def test_a_customer_who_is_exposed_again_and_again_keeps_the_first_exposure(again: int) -> None:
    """The first exposure leaves the row before the later ones do, which must not make the unit anew."""
    defined = definitions(default(), experiments=(experiment(default().version),))
    second = event(ANNE, "exposure", T0 + again * DAY, {"experiment": "x1", "arm": "b"}, id="x2")
    ends = [contact(ANNE, T0 + days * DAY, f"e{days}", "ended") for days in (70, 100)]
    later = [(T0 + again * DAY, second), *zip((T0 + 70 * DAY, T0 + 100 * DAY), ends, strict=True)]
    later.sort(key=lambda each: each[0])
    pairs = [*exposed_life("a"), *(pair for _, pair in later)]
    stream = records(pairs, [*[T0 + 2 * DAY] * (len(LIFE) + 1), *(at for at, _ in later)])
    for cuts in (set(), set(range(len(stream)))):
        unit = folded(stream, always(defined), cuts).units["x1", Subject(ANNE)]
        assert (unit.exposed_at, unit.arm, unit.n, unit.crossed) == (T0, "a", 2, again == 1)


def test_facts_are_held_until_the_outcome_is_final() -> None:
    defined = definitions(default(), experiments=(experiment(default().version),))
    state = unpack(folded(records(exposed_life("a"), T0 + 2 * DAY), always(defined)).customers[Subject(ANNE)].state)
    live = defined.experiments
    assert held_from(state.facts, live, T0 + 60 * DAY) == T0 - 20 * DAY
    assert held_from(state.facts, live, T0 + 60 * DAY + 1) is None
    assert held_from(state.facts, (), T0) is None
