"""What becomes of a single record: where it is counted, and that nothing else suffers from it."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cells import CellKey, Counts
from models.chunks import Chunk
from models.customers import unpack, unpack_contributions
from models.definitions import Timeline
from models.errors import Fault, SchemaMismatch
from models.identifiers import DAY, HOUR, MINUTE, Millis, Offset, Partition, Subject
from models.interactions.internals import due_event, reject_event
from models.partitions import group_of, partition_of
from models.policy import default
from streams.continuity import NotNext, continuing, part
from streams.customers import CustomerFold
from streams.fold import PoisonedChunk, process
from tests.streams.comparing import canonical
from tests.streams.events import (
    SUBJECTS,
    T0,
    Pair,
    always,
    contact,
    definitions,
    event,
    happenings,
    narrow,
    records,
    strict,
)
from tests.streams.reference import reference, spread
from tests.streams.worlds import World, folded

ANNE, BOB = SUBJECTS[0], SUBJECTS[1]


def test_every_kind_of_record_is_counted_once() -> None:
    said = contact(ANNE, T0, "c1", "queued")
    stream = [
        said,
        said,
        event(ANNE, "contact", T0, {"contact": "c9", "phase": "queued"}, id=f"c1-queued-{T0}"),
        contact(ANNE, T0 + HOUR, "c1", "answered"),
        (b"k", b"no json"),
        due_event(ANNE, T0 + MINUTE),  # type: ignore[arg-type]
        reject_event("row-7", T0, Fault("bad_date", "opened", "no date", "mend it"), b"a;b"),
        contact(BOB, T0 - 40 * DAY, "c1", "ended", outcome="resolved"),
        event(BOB, "contact", T0, {"contact": "c2", "phase": "queued", "secret": 1}, extra=2),
    ]
    effects = folded(records(stream, T0), always())
    kept = {letter.code: letter for letter in effects.dead_letters}
    assert set(kept) == {"id_conflict", "future_time", "malformed", "bad_date"}
    assert kept["bad_date"].raw == b"a;b"
    assert kept["id_conflict"].raw == stream[2][1]
    counters = effects.counters
    assert (counters.received, counters.scored, counters.duplicates, counters.dead_letters) == (8, 3, 1, 4)
    assert (counters.due, counters.late, counters.unknown_fields) == (1, 1, 2)


def test_a_record_in_the_wrong_place_is_forwarded_and_not_received() -> None:
    home = partition_of(ANNE.encode(), 4)
    key, value = contact(ANNE, T0, "c1", "queued")
    world = World(always(), partition=(home + 1) % 4, partitions=4)
    effects = world.fold(records([(key, value)], T0))
    assert (effects.counters.forwarded, effects.counters.received) == (1, 0)
    assert [(forward.subject, forward.value) for forward in effects.forwards] == [(ANNE, value)]
    mislabelled = World(always(), partition=home, partitions=4).fold(records([(b"somebody", value)], T0))
    assert mislabelled.counters.forwarded == 1
    right = World(always(), partition=home, partitions=4).fold(records([(key, value)], T0))
    assert right.counters.scored == 1


def test_an_erased_customer_is_counted_and_leaves_nothing() -> None:
    defined = replace(definitions(), erased=frozenset({ANNE}))
    stream = [contact(ANNE, T0, "c1", "queued"), due_event(ANNE, T0), contact(BOB, T0, "c1", "queued")]  # type: ignore[arg-type]
    effects = folded(records(stream, T0), always(defined))
    assert (effects.counters.received, effects.counters.scored, effects.counters.erased) == (2, 2, 1)
    assert ANNE.encode() not in repr(effects).encode()
    assert list(effects.customers) == [BOB]


def test_offsets_without_records_are_counted_as_skipped() -> None:
    effects = World(always()).fold(records([contact(ANNE, T0, "c1", "queued")], T0), end=5)
    assert (effects.start, effects.end, effects.counters.skipped) == (0, 5, 4)


def test_a_chunk_must_begin_where_the_partition_stands() -> None:
    world = World(always())
    stream = records([contact(ANNE, T0, f"c{n}", "queued") for n in range(4)], T0)
    with pytest.raises(NotNext, match="store stands at 0"):
        process(Chunk(Partition(0), Offset(2), Offset(4), stream[2:]), world.state, world.timeline)


def test_continuity_drops_the_old_refuses_the_gap_and_cuts_the_overlap() -> None:
    stream = records([contact(ANNE, T0, f"c{n}", "queued") for n in range(6)], T0)
    chunk = Chunk(Partition(0), Offset(0), Offset(6), stream)
    assert continuing(chunk, Offset(6)) is None
    assert continuing(chunk, Offset(0)) is chunk
    cut = continuing(chunk, Offset(4))
    assert cut is not None
    assert [record.offset for record in cut.records] == [4, 5]
    with pytest.raises(NotNext):
        continuing(part(chunk, Offset(3), Offset(6)), Offset(2))


def test_definitions_change_at_their_offset_however_chunks_are_cut() -> None:
    before, after = definitions(version=1), definitions(strict(), default(), version=2)
    timeline = Timeline(((Offset(0), before), (Offset(3), after)))
    stream = records([contact(ANNE, T0 + n * HOUR, f"c{n}", "ended", waits_s=[900]) for n in range(6)], T0 + DAY)
    whole, pieces = folded(stream, timeline), folded(stream, timeline, {1, 3, 4})
    assert canonical(whole) == canonical(pieces)
    assert {key.policy for key in whole.cells} == {strict().version, default().version}
    assert unpack(whole.customers[Subject(ANNE)].state).version == 2


def test_a_policy_no_longer_in_force_is_taken_back_from_the_cells() -> None:
    timeline = Timeline(((Offset(0), definitions(default(), strict())), (Offset(1), definitions(default(), version=2))))
    stream = records([contact(ANNE, T0, "c1", "queued"), contact(ANNE, T0 + MINUTE, "c1", "answered")], T0)
    assert {key.policy for key in folded(stream, timeline).cells} == {default().version}


@settings(max_examples=30, deadline=None)
@given(st.lists(happenings(days=120), min_size=1, max_size=25), st.sets(st.integers(1, 25)))
def test_cells_are_the_sum_of_what_rows_say_they_contributed(pairs: list[Pair], cuts: set[int]) -> None:
    """Also for policies that group facts in different ways, which the reference does not do."""
    effects = folded(records(pairs, T0 + 120 * DAY), always(definitions(default(), narrow())), cuts)
    sums: dict[CellKey, Counts] = {}
    for subject, row in effects.customers.items():
        for journey in unpack(row.state).applied:
            for part_ in journey.contributions:
                spread(sums, part_, group_of(subject.encode()))
    for old in effects.archived:
        for part_ in unpack_contributions(old.contributions):
            spread(sums, part_, group_of(old.subject.encode()))
    nonzero = {key: {name: n for name, n in counts.items() if n} for key, counts in sums.items()}
    assert effects.cells == {key: counts for key, counts in nonzero.items() if counts}


def poisoned(monkeypatch: pytest.MonkeyPatch, *contacts: str) -> None:
    real = CustomerFold.take

    def take(self, arrival):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if getattr(getattr(arrival.decoded, "fact", None), "contact", None) in contacts:
            raise ZeroDivisionError("a bug")
        real(self, arrival)

    monkeypatch.setattr(CustomerFold, "take", take)


def test_a_record_that_cannot_be_folded_costs_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = [contact(ANNE, T0 + n * MINUTE, f"c{n}", "queued") for n in range(5)] + [contact(BOB, T0, "c", "queued")]
    healthy = [pair for n, pair in enumerate(stream) if n != 2]
    poisoned(monkeypatch, "c2")
    effects = folded(records(stream, T0 + DAY), always())
    assert [(letter.offset, letter.code) for letter in effects.dead_letters] == [(2, "poison")]
    assert "ZeroDivisionError: a bug" in effects.dead_letters[0].reason
    assert effects.dead_letters[0].raw == stream[2][1]
    expected = folded(records(healthy, T0 + DAY), always())
    assert canonical(effects)["customers"] == canonical(expected)["customers"]
    assert canonical(effects)["cells"] == canonical(expected)["cells"]


def test_more_than_one_in_a_hundred_stops_with_nothing_written(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = records([contact(ANNE, T0 + n * MINUTE, f"c{n}", "ended") for n in range(100)], T0 + DAY)
    poisoned(monkeypatch, "c7")
    assert folded(stream, always()).counters.dead_letters == 1
    poisoned(monkeypatch, "c7", "c8")
    with pytest.raises(PoisonedChunk, match="2 of 100 records cannot be folded, the first at 7"):
        folded(stream, always())


def test_scores_and_rescues_go_to_the_outbox_only_where_somebody_listens() -> None:
    stream = [
        contact(ANNE, T0, "c1", "queued"),
        contact(ANNE, T0 + 20 * MINUTE, "c1", "answered"),
        contact(ANNE, T0 + 21 * MINUTE, "c1", "progress", steps_repeated=2),
    ]
    quiet, told = World(always()), World(always())
    told.state = replace(told.state, topics=frozenset({"scores", "rescues"}))
    live = records(stream, [T0, T0 + 20 * MINUTE, T0 + 21 * MINUTE])
    assert quiet.fold(live).outbox == []
    messages = told.fold(live).outbox
    assert {message.topic for message in messages} == {"scores", "rescues"}
    assert len({(message.offset, message.n) for message in messages}) == len(messages)
    assert all(message.offset == 2 for message in messages)


def test_watermark_is_the_latest_log_time_and_never_falls() -> None:
    world = World(always())
    world.fold(records([contact(ANNE, T0, "c1", "queued")], T0 + HOUR))
    effects = world.fold(records([contact(ANNE, T0, "c2", "queued")], T0, start=1))
    assert effects.watermark == Millis(T0 + HOUR)


def test_what_silence_no_longer_changes_is_not_looked_at_again_and_need_not_be() -> None:
    """A queue that nobody ever left: years later, all that it contributed still equals what its facts contribute."""
    stream = [contact(ANNE, T0, "c1", "queued"), contact(BOB, T0, "c1", "queued")]
    stream += [event(ANNE, "complaint", T0 + n * DAY, {"complaint": f"k{n}"}, id=f"k{n}") for n in (10, 20, 30)]
    kept = records(stream, [T0, T0, *(T0 + n * DAY for n in (10, 20, 30))])
    assert canonical(folded(kept, always(), range(6))) == canonical(reference(kept, definitions()))


def test_answers_change_places_when_their_surveys_are_asked_again_about_something_else() -> None:
    """Each journey keeps as many facts as before and none is new to it; still both have changed."""

    def asked(survey: str, about: str, at: int) -> Pair:
        data = {"survey": survey, "contact": about, "instrument": "csat"}
        return event(ANNE, "asked", at, data, id=f"{survey}-{at}")

    def answered(survey: str, value: int) -> Pair:
        return event(ANNE, "answer", T0 + DAY, {"survey": survey, "instrument": "csat", "value": value}, id=survey)

    stream = [
        contact(ANNE, T0, "c1", "ended", journey="one", context_lost=True),
        contact(ANNE, T0, "c2", "ended", journey="two", context_lost=True),
        asked("s1", "c1", T0),
        asked("s2", "c2", T0),
        answered("s1", 1),
        answered("s2", 5),
        asked("s1", "c2", T0 + DAY),
        asked("s2", "c1", T0 + DAY),
    ]
    kept = records(stream, T0 + 2 * DAY)
    assert canonical(folded(kept, always(), {6})) == canonical(reference(kept, definitions()))


def test_a_history_imported_twice_is_counted_once_even_where_it_is_frozen() -> None:
    stream = [
        event(ANNE, "complaint", T0 + n * 20 * DAY, {"complaint": f"k{n}"}, id=f"k{n}", history=True) for n in range(12)
    ]
    effects = folded(records([*stream, *stream], T0 + 300 * DAY), always(), {5, 12, 17})
    assert (effects.counters.scored, effects.counters.duplicates, effects.counters.late) == (12, 12, 0)
    assert len(effects.archived) > 5


def test_a_row_from_before_waiting_was_noted_still_tells_who_waits() -> None:
    world = World(always())
    stream = records(
        [contact(ANNE, T0, "c1", "answered", journey="one"), contact(ANNE, T0 + MINUTE, "c2", "ended", journey="two")],
        [T0, T0 + MINUTE],
    )
    world.fold(stream[:1])
    state = unpack(world.rows[Subject(ANNE)])
    state.applied = [msgspec.structs.replace(journey, waiting=None) for journey in state.applied]
    world.rows[Subject(ANNE)] = msgspec.msgpack.encode(state)
    assert world.fold(stream[1:]).customers[Subject(ANNE)].waiting


def test_a_row_that_cannot_be_read_stops_the_fold_and_buries_nothing() -> None:
    world = World(always())
    stream = records([contact(ANNE, T0, "c1", "answered"), contact(BOB, T0, "c2", "answered")], T0)
    world.rows[Subject(ANNE)] = msgspec.msgpack.encode({"a": "map, not the list that a row is"})
    with pytest.raises(SchemaMismatch, match="run the version that wrote it"):
        world.fold(stream)
    assert world.written is None
