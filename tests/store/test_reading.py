"""What the fold wrote, read back for pages and ticks: the right rows, in order, found through an index."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

from models.effects import DeadLetter, Effects, JourneyRow, Verbatim
from models.errors import Forbidden, NotFound
from models.identifiers import DAY, Millis, Offset, Partition, Subject
from store import customers as customer_queries
from store import journeys as journey_queries
from store import outbox as outbox_queries
from store import rescues as rescue_queries
from store.database import Store
from tests.store import samples

HERE = Partition(0)
NOW = samples.T0
SPAN = (Millis(0), Millis(NOW + DAY))


def subjects_of(partition: int, count: int) -> list[Subject]:
    found = (samples.subject(n) for n in range(10_000))
    return [who for who in found if samples.home(who) == partition][:count]


WHO = subjects_of(0, 6)


def blank(store: Store, partition: int = 0) -> Effects:
    position = store.partitions.position(Partition(partition))
    return Effects(position.partition, position.next_offset, position.next_offset, position.epoch, NOW)


def with_customers(store: Store, due: list[int | None], waiting: list[bool]) -> None:
    effects = blank(store)
    for at, (who, when, open_) in enumerate(zip(WHO, due, waiting, strict=False)):
        row = samples.customer(who, [])
        due_at = None if when is None else Millis(when)
        effects.customers[who] = type(row)(who, row.state, Millis(NOW + at), row.score, due_at, open_)
    store.checkpoint(effects)


def test_states_are_loaded_for_those_who_have_one(store: Store) -> None:
    effects = blank(store)
    many = subjects_of(0, 300)
    for who in many[:299]:
        effects.customers[who] = samples.customer(who, [])
    store.checkpoint(effects)
    assert store.customers.load(HERE, many) == {who: effects.customers[who].state for who in many[:299]}
    assert store.customers.load(HERE, []) == {}
    assert store.customers.load(Partition(1), many) == {}
    assert store.customers.state(many[0]) == effects.customers[many[0]].state
    assert store.customers.state(many[299]) is None
    assert store.customers.count() == 299
    assert [row.subject for row in store.customers.each(HERE, page=7)] == sorted(many[:299])


def test_states_are_loaded_as_just_written(store: Store) -> None:
    with_customers(store, [None], [False])
    effects = blank(store)
    effects.customers[WHO[0]] = samples.customer(WHO[0], [samples.contribution()])
    store.checkpoint(effects)
    assert store.customers.load(HERE, [WHO[0]]) == {WHO[0]: effects.customers[WHO[0]].state}


def test_the_due_are_those_whose_time_has_come_the_longest_first(store: Store) -> None:
    with_customers(store, [30, 10, None, 31], [False] * 4)
    assert [(d.subject, d.partition, d.due) for d in store.customers.due(Millis(30))] == [
        (WHO[1], HERE, 10),
        (WHO[0], HERE, 30),
    ]
    assert len(store.customers.due(Millis(99), limit=2)) == 2


def test_the_waiting_are_those_with_an_open_contact(store: Store) -> None:
    with_customers(store, [None] * 4, [True, False, True, False])
    assert [row.subject for row in store.customers.waiting()] == [WHO[2], WHO[0]]


rows = st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 10_000)), st.integers(0, 20)), max_size=12)


@given(rows=rows, start=st.integers(0, 20), length=st.integers(0, 20), limit=st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_the_worst_journeys_are_the_worst_of_the_period(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int | None, int]],
    start: int,
    length: int,
    limit: int,
) -> None:
    with Store.open(tmp_path_factory.mktemp("worst"), partitions=1) as store:
        effects = blank(store)
        for number, (score, ended) in enumerate(rows):
            row = samples.journey_row(WHO[0], f"j{number:02}", score, ended)
            effects.journeys[WHO[0], row.key] = row
        store.checkpoint(effects)
        inside = [r for r in effects.journeys.values() if r.score is not None and start <= r.ended < start + length]
        expected = sorted(inside, key=lambda r: (r.score, r.ended, r.key))[:limit]
        assert store.journeys.worst((Millis(start), Millis(start + length)), limit) == expected


def test_a_good_period_has_worst_journeys_too(store: Store) -> None:
    effects = blank(store)
    for key, score in [("a", 9_900), ("b", 8_000), ("c", 9_000), ("d", None)]:
        effects.journeys[WHO[0], key] = samples.journey_row(WHO[0], key, score)
    store.checkpoint(effects)
    assert [row.key for row in store.journeys.worst(SPAN, 1)] == ["b"]
    assert [row.key for row in store.journeys.worst(SPAN, 5)] == ["b", "c", "a"]


def test_the_dissatisfied_are_counted_once_each_where_rows_can_tell(store: Store) -> None:
    effects = blank(store)
    for who, key, score in [(WHO[0], "a", 4_000), (WHO[0], "b", 5_000), (WHO[1], "a", 5_001), (WHO[2], "a", 9_500)]:
        effects.journeys[who, key] = samples.journey_row(who, key, score)
    store.checkpoint(effects)
    assert store.journeys.dissatisfied("all", SPAN, 5_000) == 1
    assert store.journeys.dissatisfied("channel:phone", SPAN, 5_001) == 2
    assert store.journeys.dissatisfied("touchpoint:shop", SPAN, 5_001) == 0
    assert store.journeys.dissatisfied("all", SPAN, 9_500) == 3
    assert store.journeys.dissatisfied("segment:plan=fibre", SPAN, 5_000) is None
    assert store.journeys.dissatisfied("all", (Millis(0), samples.T0), 5_000) == 0


def test_the_archive_is_read_page_by_page_and_by_customer(store: Store) -> None:
    for who in WHO[:2]:
        effects = samples.full(who, start=store.partitions.position(HERE).next_offset)
        store.checkpoint(effects)
    first = store.archive.every(HERE, limit=1)
    rest = store.archive.every(HERE, (first[0].subject, first[0].key))
    assert [row.subject for row in (*first, *rest)] == sorted(WHO[:2])
    assert store.archive.of(WHO[0])[0].key == "old"


def test_open_rescues_are_untaken_not_left_and_of_today_the_worst_first(store: Store) -> None:
    effects = blank(store)
    for who, left, score in [(WHO[0], False, 4_000), (WHO[1], False, 3_000), (WHO[2], True, 1_000), (WHO[3], False, 1)]:
        effects.rescues[who, "j"] = samples.rescue(who, left=left, score=score)
    store.checkpoint(effects)
    store.rescues.take(WHO[3], "j", "Ada", NOW)
    assert [kept.row.subject for kept in store.rescues.open(NOW)] == [WHO[1], WHO[0]]
    tomorrow = Millis(NOW + DAY)
    assert store.rescues.open(tomorrow) == []
    assert [kept.row.subject for kept in store.rescues.stale(tomorrow)] == sorted(WHO[:2])
    store.rescues.attach(WHO[0], "j", "case-1")
    assert [kept.row.subject for kept in store.rescues.stale(tomorrow)] == [WHO[1]]
    assert len(store.rescues.raised((NOW, tomorrow))) == 4
    assert store.rescues.raised((tomorrow, tomorrow)) == []


def test_a_rescue_is_taken_by_one_person(store: Store) -> None:
    effects = blank(store)
    effects.rescues[WHO[0], "j"] = samples.rescue(WHO[0])
    store.checkpoint(effects)
    assert store.rescues.take(WHO[0], "j", "Ada", NOW).taken_by == "Ada"
    assert store.rescues.take(WHO[0], "j", "Ada", Millis(NOW + 1)).taken_at == NOW
    with pytest.raises(Forbidden, match="Ada has taken it already"):
        store.rescues.take(WHO[0], "j", "Bob", NOW)
    with pytest.raises(NotFound, match="open rescues"):
        store.rescues.take(WHO[1], "j", "Bob", NOW)


def test_verbatims_are_found_by_time_touchpoint_and_kind(store: Store) -> None:
    effects = blank(store)
    shop = Verbatim(WHO[1], "crm", "v9", Millis(NOW + 5), "review", "shop", "web", None, None, "Bien")
    effects.verbatims = [samples.verbatim(WHO[0], "v1"), samples.verbatim(WHO[0], "v2", NOW + 1), shop]
    store.checkpoint(effects)
    assert [v.id for v in store.verbatims.recent(SPAN)] == ["v9", "v2", "v1"]
    assert store.verbatims.recent(SPAN, touchpoint="shop") == store.verbatims.recent(SPAN, kind="review") == [shop]
    assert [v.id for v in store.verbatims.recent(SPAN, limit=1)] == ["v9"]
    assert [v.id for v in store.verbatims.of(WHO[0])] == ["v1", "v2"]


def test_dead_letters_are_listed_shown_counted_and_replayed_once(store: Store) -> None:
    effects = blank(store)
    other = DeadLetter(Offset(2), Millis(NOW + 1), None, None, "future_time", "time", "too early", b"\xff\x00")
    effects.dead_letters = [samples.letter(1, WHO[0]), other]
    store.checkpoint(effects)
    assert [kept.letter for kept in store.dead_letters.recent()] == [other, samples.letter(1, WHO[0])]
    assert [kept.letter for kept in store.dead_letters.recent(code="future_time")] == [other]
    assert store.dead_letters.counts() == {"future_time": 1, "not_json": 1}
    place = (HERE, Offset(2))
    assert store.dead_letters.show(*place).letter == other
    assert store.dead_letters.mark_replayed([place], NOW) == 1
    assert store.dead_letters.mark_replayed([place], NOW) == 0
    assert [kept.letter.offset for kept in store.dead_letters.recent()] == [1]
    assert [kept.replayed_at for kept in store.dead_letters.recent(replayed=True)] == [NOW, None]
    with pytest.raises(NotFound, match="0/7"):
        store.dead_letters.show(HERE, Offset(7))


def test_unsent_messages_come_until_they_were_sent_whatever_was_sent_after_them(store: Store) -> None:
    effects = samples.full(WHO[0])
    store.checkpoint(effects)
    store.outbox.add(effects.outbox)
    store.outbox.add(effects.outbox)
    first, second, third = store.outbox.unsent()
    assert [(u.partition, u.message.offset) for u in (first, second, third)] == [(-1, 0), (-1, 1), (0, 0)]
    store.outbox.mark_sent([third, first], NOW)
    assert store.outbox.unsent() == [second]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (customer_queries._DUE, "ix_customers_due"),
        (customer_queries._WAITING, "ix_customers_waiting"),
        (customer_queries._ONE, "sqlite_autoindex_customers_1"),
        (journey_queries._WORST_POOR, "ix_journeys_poor"),
        (journey_queries._DISSATISFIED_POOR, "ix_journeys_poor"),
        (journey_queries._OF, "sqlite_autoindex_journeys_1"),
        (rescue_queries._OPEN, "ix_rescues_open"),
        (outbox_queries._UNSENT, "ix_outbox_unsent"),
        (outbox_queries._LAST_SENT, "ix_outbox_sent"),
    ],
)
def test_queries_of_pages_and_ticks_walk_no_table(
    sqlite_store: Store, query: Select[tuple[object]], index: str
) -> None:
    compiled = query.compile(dialect=sqlite.dialect())
    with sqlite_store._database.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", (1,) * len(compiled.params)).all()
    assert any(index in row[3] for row in plan), plan
    assert not any(row[3].startswith("SCAN") and index not in row[3] for row in plan), plan


def test_reading_gives_rows_of_the_types_that_were_written(store: Store) -> None:
    store.checkpoint(samples.full(WHO[0]))
    [row] = store.journeys.of(WHO[0])
    assert isinstance(row, JourneyRow)
    assert row.open is True
    [unit] = store.units.of(WHO[0])
    assert unit.crossed is False
    found = store.customers.row(WHO[0])
    assert found is not None
    assert found.waiting is True
