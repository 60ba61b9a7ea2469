"""The fold and the reference agree on everything, whatever the order, the chunks, the duplicates and the restarts."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.identifiers import DAY
from models.policy import default
from tests.streams.comparing import canonical
from tests.streams.events import T0, Pair, always, definitions, experiment, happenings, records, strict
from tests.streams.reference import reference
from tests.streams.worlds import folded

SLACK = settings(max_examples=40, deadline=None)
DEFINED = definitions(default(), strict(), experiments=(experiment(default().version),))


@SLACK
@given(st.lists(happenings(), min_size=1, max_size=25), st.sets(st.integers(1, 25)), st.data())
def test_any_order_chunks_and_duplicates(pairs: list[Pair], cuts: set[int], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(pairs), max_size=6))
    shuffled = data.draw(st.permutations([*pairs, *again]))
    times = sorted(T0 + data.draw(st.integers(0, 30)) * DAY for _ in shuffled)
    stream = records(shuffled, times)
    assert canonical(folded(stream, always(DEFINED), cuts)) == canonical(reference(stream, DEFINED))


@SLACK
@given(st.lists(happenings(days=200), min_size=1, max_size=25), st.sets(st.integers(1, 25)), st.booleans())
def test_over_months_journeys_freeze_alike(pairs: list[Pair], cuts: set[int], in_time: bool) -> None:  # noqa: FBT001
    stream = records(pairs, T0 + 200 * DAY)
    if in_time:
        stream = records(sorted(pairs, key=lambda pair: pair[1].split(b'"time"')[1]), T0 + 200 * DAY)
    assert canonical(folded(stream, always(DEFINED), cuts)) == canonical(reference(stream, DEFINED))


@SLACK
@given(st.lists(happenings(), min_size=1, max_size=20, unique_by=lambda pair: pair[1].split(b'"id"')[1][:8]), st.data())
def test_order_does_not_matter_within_the_late_horizon(pairs: list[Pair], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(pairs))
    one = canonical(folded(records(pairs, T0 + 25 * DAY), always(DEFINED)))
    other = canonical(folded(records(shuffled, T0 + 25 * DAY), always(DEFINED)))
    assert {**one, "dead_letters": 0} == {**other, "dead_letters": 0}
