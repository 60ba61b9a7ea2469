"""What people do to a store: replay dead letters, forget customers, try another policy, check that all is well."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from models.cells import CellKey
from models.customers import pack, unpack
from models.effects import CustomerRow, Effects
from models.errors import Fault, Forbidden, NotFound
from models.identifiers import DAY, Epoch, Millis, Offset, Partition, Subject
from models.interactions.internals import reject_event
from models.policy import default
from models.pseudonyms import PseudonymKey, pseudonym
from store.database import Store
from streams.dead_letters import replay
from streams.engine import Engine, Limits
from streams.erasure import erase
from streams.keeper import StoreKeeper
from streams.replay import Replay
from streams.verify import verify
from tests.streams.events import SCOPES, SUBJECTS, T0, company, contact, event, narrow, strict

EVENTS = company(seed=3, customers=30)
WAITED: dict[str, object] = {"contact": "old", "phase": "ended", "waits_s": [900], "outcome": "resolved"}
OLD = [
    event(SUBJECTS[0], "contact", T0 - 200 * DAY, WAITED, history=True),
    event(SUBJECTS[0], "asked", T0 - 199 * DAY, {"survey": "s", "contact": "old", "instrument": "csat"}, history=True),
    event(SUBJECTS[0], "answer", T0 - 198 * DAY, {"survey": "s", "instrument": "csat", "value": 2}, history=True),
]
"""A journey of one customer, with a survey about its contact, long frozen by what comes after."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with made(tmp_path / "data") as opened:
        yield opened


def made(folder: Path, *policies: object) -> Store:
    opened = Store.open(folder, partitions=4, clock=lambda: Millis(T0 + 30 * DAY))
    opened.definitions.declare(SCOPES, "test", Millis(T0))
    for policy in policies:
        opened.definitions.add_policy(policy, "test", Millis(T0))  # type: ignore[arg-type]
    opened.log.append(OLD)
    opened.log.append([contact(SUBJECTS[0], T0, "new", "ended", waits_s=[600], outcome="resolved")])
    opened.log.append(EVENTS)
    drain(opened)
    return opened


def drain(store: Store) -> None:
    Engine(store.log, StoreKeeper(store), Limits(chunk_records=50)).drain()


def test_a_healthy_store_is_verified(store: Store) -> None:
    found = verify(store)
    assert (found.ok, found.differences) == (True, [])
    assert found.customers == store.customers.count()
    assert found.cells > 100
    assert store.archive.of(Subject(SUBJECTS[0])) != []


def test_records_not_folded_yet_are_told_apart(store: Store) -> None:
    store.log.append(EVENTS[:7])
    found = verify(store)
    assert (found.ok, found.unfolded) == (True, 7)


def nothing(partition: Partition) -> Effects:
    return Effects(partition, Offset(0), Offset(0), Epoch(0), Millis(0))


def first_row(store: Store) -> tuple[Partition, CustomerRow]:
    for partition in range(4):
        for row in store.customers.every(Partition(partition)):
            if row.score is not None and unpack(row.state).applied:
                return Partition(partition), row
    raise AssertionError


def test_a_changed_cell_is_found(store: Store) -> None:
    partition, _ = first_row(store)
    policy = store.definitions.current().active.version
    effects = nothing(partition)
    effects.cells = {CellKey(policy, "all", "hour", Millis(T0 - T0 % 3_600_000), -1): {"contact.n": 1}}
    with store.exclusive(partition) as careless:
        careless.write(effects)
    found = verify(store)
    assert not found.ok
    assert "contact.n is" in found.differences[0]


def test_a_changed_fact_is_found(store: Store) -> None:
    partition, row = first_row(store)
    state = unpack(row.state)
    state.facts = state.facts[1:]
    effects = nothing(partition)
    effects.customers[row.subject] = replace(row, state=pack(state))
    with store.exclusive(partition) as careless:
        careless.write(effects)
    assert any("contributions are not those of its facts" in sentence for sentence in verify(store).differences)


def test_a_miscount_is_found(store: Store) -> None:
    position = store.partitions.position(Partition(0))
    effects = Effects(Partition(0), position.next_offset, position.next_offset, position.epoch, position.watermark)
    effects.counters.received = 1
    store.checkpoint(effects)
    assert any("scored + duplicates + dead letters" in sentence for sentence in verify(store).differences)


def test_dead_letters_are_replayed_after_a_fix(store: Store) -> None:
    ahead = contact(SUBJECTS[1], T0 + 31 * DAY, "ahead", "queued")
    store.log.append([ahead, (b"x", b"{"), *OLD[:1]])
    drain(store)
    letters = [kept for kept in store.dead_letters.recent() if kept.letter.code in {"future_time", "malformed"}]
    before = store.partitions.counters()
    early = replay(store, store.log, letters, Millis(T0))
    assert early.appended == 0
    assert sum("still to come" in why for why in early.still_wrong.values()) == 1
    result = replay(store, store.log, letters, Millis(T0 + 32 * DAY))
    assert result.appended == 1
    assert all("no event" in why for why in result.still_wrong.values())
    assert len(result.still_wrong) == len(letters) - 1
    drain(store)
    after = store.partitions.counters()
    assert (after.received - before.received, after.dead_letters - before.dead_letters) == (1, 1), (
        "the log's clock is behind ours"
    )
    assert ahead[1] in [kept.letter.raw for kept in store.dead_letters.recent()]


def test_an_erased_customer_is_gone_and_the_cells_still_add_up(store: Store) -> None:
    key = PseudonymKey(2, b"a key that nobody knows")
    raw = "jane@example.org"
    for version in (1, 2):
        subject = pseudonym(raw, replace(key, version=version))
        store.log.append([contact(subject, T0, "c", "ended", waits_s=[900])])
    drain(store)
    forgotten = erase(store, key, raw, "dpo")
    assert [len(each.rows) > 0 for each in forgotten] == [True, True]
    erase(store, key, SUBJECTS[0], "dpo")
    assert verify(store).ok
    for each in (*(f.subject for f in forgotten), SUBJECTS[0]):
        assert store.customers.row(Subject(each)) is None
        assert store.archive.of(Subject(each)) == []
    before = store.customers.count()
    store.log.append(OLD)
    drain(store)
    assert store.customers.count() == before
    assert store.partitions.counters().erased == len(OLD)


def test_erasing_by_the_own_id_takes_the_rows_an_import_rejected(store: Store) -> None:
    key = PseudonymKey(2, b"a key that nobody knows")
    fault = Fault("ragged_row", "row 1", "is short", "mend it")
    store.log.append([reject_event(f"row-{raw!r}", T0, fault, raw) for raw in (b"1;jane;x", b"2;janet;x")])
    drain(store)
    present = pseudonym("jane", key)
    assert erase(store, key, present, "dpo")[0].rows == {}, "a pseudonym does not tell the id"
    past, now = erase(store, key, "jane", "dpo")
    assert (past.rows, now.subject, now.rows) == ({}, present, {"dead_letters": 1, "records": 1})
    raws = [kept.letter.raw for kept in store.dead_letters.recent(code="ragged_row")]
    assert raws == [b"2;janet;x"]
    assert verify(store).ok


def total(store: Store, version: str) -> dict[str, object]:
    """Return everything the cells and rows say under one policy."""
    tables = store.projection().tables
    return {key: counts for key, counts in tables["cells"].items() if key.startswith(f"{version}/")}


def test_scoring_what_is_stored_equals_having_scored_it_all_along(store: Store, tmp_path: Path) -> None:
    replaying = Replay(store, store.clock)
    done: list[int] = []
    assert replaying.score(strict(), "ana", done.append) == store.customers.count() == done[-1]
    with made(tmp_path / "other", strict()) as other:
        assert total(store, strict().version) == total(other, strict().version)
        assert total(store, default().version) == total(other, default().version)
        replaying.activate(strict().version, "ana")
        Replay(other, other.clock).activate(strict().version, "ana")
        one, two = store.projection().tables, other.projection().tables
        assert one["journeys"].keys() == two["journeys"].keys()
        in_play = {key for key in one["journeys"] if "@" in key}
        assert {key: one["journeys"][key] for key in in_play} == {key: two["journeys"][key] for key in in_play}
        assert [row["score"] for row in one["customers"].values()] == [
            row["score"] for row in two["customers"].values()
        ]
    assert verify(store).ok


def test_policies_are_compared_before_switching(store: Store) -> None:
    replaying = Replay(store, store.clock)
    replaying.score(strict(), "ana")
    lines = {(line.scope, line.metric): line for line in replaying.compare(strict().version)}
    line = lines["all", "contact_score"]
    assert line.difference is not None
    assert line.difference < 0, "dearer waits cost points"
    assert store.definitions.current().active == default()


def test_a_discarded_candidate_leaves_nothing(store: Store) -> None:
    before = store.projection().tables["cells"]
    replaying = Replay(store, store.clock)
    replaying.score(narrow(), "ana")
    assert total(store, narrow().version)
    replaying.discard(narrow().version, "ana")
    assert store.projection().tables["cells"] == before
    assert verify(store).ok
    with pytest.raises(Forbidden):
        replaying.discard(default().version, "ana")
    with pytest.raises(NotFound):
        replaying.activate(strict().version, "ana")


def test_a_replay_killed_half_way_is_finished_by_repeating_it(store: Store) -> None:
    class Killed(Exception):
        pass

    def die(done: int) -> None:
        if done > 5:
            raise Killed

    replaying = Replay(store, store.clock)
    with pytest.raises(Killed):
        replaying.score(strict(), "ana", die)
    assert verify(store).ok
    replaying.score(strict(), "ana")
    assert verify(store).ok
    assert {
        c.policy for r in store.customers.every(Partition(0)) for a in unpack(r.state).applied for c in a.contributions
    } == {
        default().version,
        strict().version,
    }


def test_events_during_a_replay_are_fenced_and_counted_right(store: Store) -> None:
    engine = Engine(store.log, StoreKeeper(store))
    store.log.append([contact(SUBJECTS[2], T0 + DAY, f"m{n}", "ended", waits_s=[900]) for n in range(5)])
    engine.look()
    Replay(store, store.clock).score(strict(), "ana")
    engine.drain()
    assert engine.fences == 1
    assert verify(store).ok


def test_verification_reads_like_json(store: Store) -> None:
    told = verify(store).as_json()
    assert json.loads(json.dumps(told))["ok"] is True
    assert told["differences"] == []
