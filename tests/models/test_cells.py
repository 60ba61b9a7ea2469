"""Cells are an exact group, and a scope's causes sum to its shortfall to the hundredth."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.cells import MIN_ANSWERS, Counts, Unit, add, bucket_of, merged, value_of
from models.definitions import DeclaredScopes
from models.facts import AnyFact
from models.identifiers import DAY, FULL, HOUR
from models.policy import default
from models.scoring import contributions, journeys_of
from tests.models.scoring_facts import asof_of, histories

POLICY = default()
keys = st.sampled_from(["contact.n", "contact.f", "journey.n", "journey.gap"])
counts = st.dictionaries(keys, st.integers(-(10**12), 10**12).filter(bool))


@given(counts, counts, counts)
def test_adding_is_commutative_and_associative(a: Counts, b: Counts, c: Counts) -> None:
    assert merged([a, b]) == merged([b, a])
    assert merged([merged([a, b]), c]) == merged([a, merged([b, c])])


@given(counts, counts)
def test_what_was_added_can_be_retracted_to_the_bit(a: Counts, b: Counts) -> None:
    total = dict(a)
    add(total, b)
    add(total, b, -1)
    assert total == a


def test_buckets() -> None:
    at = 3 * DAY + 5 * HOUR + 7 * 60_000
    assert (bucket_of(at, "day"), bucket_of(at, "hour"), bucket_of(at, "5m")) == (
        3 * DAY,
        3 * DAY + 5 * HOUR,
        3 * DAY + 5 * HOUR + 5 * 60_000,
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(histories, max_size=3), st.sampled_from(["contact", "journey", "customer"]))
def test_causes_sum_exactly_to_the_shortfall_and_the_value_is_the_mean(lives: list[list[AnyFact]], unit: Unit) -> None:
    parts: list[Counts] = []
    for facts in lives:
        found = contributions(journeys_of(facts, POLICY), [], POLICY, DeclaredScopes(), asof_of(facts))
        parts += [part.counts for contributed in found.values() for part in contributed]
    total = merged(parts)
    score = value_of(total, unit)
    n = total.get(f"{unit}.n", 0)
    assert score.n == n
    if score.value is None:
        assert n == 0
        return
    assert FULL - sum(score.causes.values()) == score.value
    assume(not score.corrected)
    assert abs(score.value - (total.get(f"{unit}.f", 0) - total.get(f"{unit}.gap", 0)) / n) <= 0.5
    assert 0 <= score.observed_share <= 1
    assert score.good_rate is not None


@given(
    st.integers(1, 500),
    st.integers(0, 500),
    st.dictionaries(st.sampled_from(["wait", "late", "incident"]), st.integers(0, 10**6)),
    st.integers(-(10**7), 10**7),
)
def test_what_was_said_speaks_for_the_silent_too_once_there_is_enough_of_it(
    n: int, said: int, lost: dict[str, int], gap: int
) -> None:
    said = min(n, said)
    lost = {cause: min(points, n * 3000) for cause, points in lost.items()}
    shown: Counts = {"journey.n": n, "journey.said": said, "journey.gap": gap if said else 0}
    shown |= {f"journey.loss.{cause}": points for cause, points in lost.items()}
    score = value_of(shown, "journey")
    assert score.value is not None
    assert 0 <= score.value <= FULL
    assert FULL - sum(score.causes.values()) == score.value
    assert score.corrected == (said >= MIN_ANSWERS)
    heard = gap / (said if score.corrected else n) if said else 0
    exact = FULL - sum(lost.values()) / n - heard
    assert abs(score.value - min(FULL, max(0, exact))) <= 0.5000001


def test_where_all_answered_one_answer_more_or_less_makes_no_jump() -> None:
    def week(n: int) -> Counts:
        return {
            "journey.n": n,
            "journey.f": n * 9_900,
            "journey.said": n,
            "journey.gap": n * 2_400,
            "journey.loss.late": n * 100,
        }

    values = {value_of(week(n), "journey").value for n in (MIN_ANSWERS - 1, MIN_ANSWERS)}
    assert values == {7_500}


def test_nothing_scored_is_no_score() -> None:
    score = value_of({"contact.unscored": 4}, "contact")
    assert (score.value, score.n, score.unscored, score.causes, score.good_rate) == (None, 0, 4, {}, None)
