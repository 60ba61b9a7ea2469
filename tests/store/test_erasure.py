"""Forgetting a customer reaches every table; everybody else stays as they were."""

import json
from base64 import b64encode
from collections.abc import Iterator

import pytest
from sqlalchemy import MetaData, delete, select

from models.cells import CellKey, Counts
from models.customers import unpack
from models.effects import DeadLetter, Effects
from models.errors import Fault, Fenced
from models.identifiers import DAY, Millis, Offset, Partition
from models.interactions.internals import reject_event
from models.measures import named
from models.partitions import group_of
from models.targets import Course
from store.audit import Act
from store.cases import Case
from store.database import Store
from store.databases import Database
from store.erasure import keys_of
from store.measures import unpack as unpack_cells
from store.mentions import Mentions
from store.tables import LOG, STORE
from store.traces import Traces, look
from store.walkthroughs import Walkthrough
from streams.cells import CellDifferences
from tests.store import samples

WHO = samples.subject(1)
OTHER = next(samples.subject(n) for n in range(2, 999) if samples.home(samples.subject(n)) == samples.home(WHO))
NOW = Millis(5)


def event_of(who: str) -> bytes:
    return json.dumps({"subject": who, "type": "ressenti.complaint"}).encode()


def append(store: Store, records: list[tuple[bytes, bytes]]) -> None:
    """Append to the store's own log, where it has one."""
    if store.embedded:
        store.log.append(records)


def fill(store: Store) -> None:
    """Put both customers into every table that can hold one."""
    append(store, [(who.encode(), event_of(who)) for who in (WHO, OTHER)])
    append(store, [(b"wrong key", event_of(WHO))])
    store.checkpoint(samples.full(OTHER))
    mixed = samples.full(WHO, start=5)
    mixed.dead_letters.append(DeadLetter(Offset(9), NOW, None, None, "key", "key", "wrong key", event_of(WHO)))
    store.checkpoint(mixed)
    append(store, [(OTHER.encode(), event_of(OTHER))] * 10)
    for who in (WHO, OTHER):
        store.rescues.take(who, "j", "Ada", NOW)
        store.cases.add(Case(f"case-{who == WHO}", who, "j", "rescue", "waited", "call", NOW, "Ada"))
        store.audit.add(Act(NOW, "Ada", "called", ("customer", who), {"who": f"about {who}, today"}))
    store.walkthroughs.add(Walkthrough("w", NOW, "Ada", "help", "chat", None, f"I watched {WHO} wait."))
    store.courses.put_course(Course("c", f"Never again like {WHO}.", "Ada", ()), "Ada", NOW)


def places_of(database: Database, metadata: MetaData, needle: str) -> Iterator[str]:
    """Yield every table and column in which ``needle`` stands."""
    with database.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                for column, value in row.items():
                    text = value if isinstance(value, bytes) else str(value).encode()
                    if needle.encode() in text:
                        yield f"{table.name}.{column}"


def bytes_of(store: Store) -> bytes:
    return b"".join(path.read_bytes() for path in store.folder.glob("*.db*"))


def everywhere(store: Store, who: str) -> set[str]:
    found = set(places_of(store._database, STORE, who))
    return found | set(places_of(store._own_folder.log_file, LOG, who)) if store.embedded else found


def everything(store: Store) -> list[object]:
    dumped: list[object] = [samples.dump(store._database, STORE)]
    return [*dumped, samples.dump(store._own_folder.log_file, LOG)] if store.embedded else dumped


def test_the_walk_finds_the_customer_wherever_one_can_stand(store: Store) -> None:
    fill(store)
    with_subject = {t.name for t in STORE.sorted_tables if "subject" in t.columns} - {"erasures"}
    found = everywhere(store, WHO)
    assert with_subject <= {place.split(".")[0] for place in found}
    assert {"outbox.payload", "dead_letters.raw", "audit.detail"} <= found
    assert not store.embedded or {"records.key", "records.value"} <= found
    assert {"courses.record", "walkthroughs.text"} <= found


def test_an_erased_customer_stands_nowhere_but_in_the_erasure_row(store: Store) -> None:
    fill(store)
    counts = store.erase(WHO, "Ada")
    assert everywhere(store, WHO) == {"erasures.subject"}
    assert counts == ({"records": 2} if store.embedded else {}) | {
        "archived": 1,
        "audit": 1,
        "cases": 1,
        "courses": 1,
        "customers": 1,
        "dead_letters": 2,
        "journeys": 1,
        "outbox": 1,
        "rescues": 1,
        "units": 1,
        "verbatims": 1,
        "walkthroughs": 1,
    }


def test_nothing_of_an_erased_customer_is_left_in_the_files(sqlite_store: Store) -> None:
    store = sqlite_store
    fill(store)
    assert WHO.encode() in bytes_of(store)
    store.erase(WHO, "Ada")
    assert bytes_of(store).count(WHO.encode()) == 2, "once in the erasure row, once in its key's index"
    with store._database.write() as connection:
        connection.execute(delete(STORE.tables["erasures"]))
    store._database.forget_past_pages()
    assert WHO.encode() not in bytes_of(store), "the erasure row held the last trace"


def test_everybody_else_stays_as_they_were(store: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    fill(store)
    before = everywhere(store, OTHER)
    store.erase(WHO, "Ada")
    assert everywhere(store, OTHER) == before
    with Store.open(tmp_path_factory.mktemp("alone"), clock=store.clock) as alone:
        alone.checkpoint(samples.full(OTHER))
        expected, found = alone.projection().tables, store.projection().tables
        for table in expected.keys() - {"counters"}:
            assert found[table] == expected[table], table


def test_what_is_folded_while_the_erasure_looks_goes_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store)

    def looked(*asked: object) -> Traces:
        found = look(*asked)  # type: ignore[arg-type]
        late = samples.full(WHO, start=10)
        late.dead_letters.append(DeadLetter(Offset(13), NOW, None, None, "key", "key", "wrong key", event_of(WHO)))
        store.checkpoint(late)
        return found

    monkeypatch.setattr("store.erasure.look", looked)
    store.erase(WHO, "Ada")
    assert everywhere(store, WHO) - {"records.key", "records.value"} == {"erasures.subject"}
    assert store.partitions.position(samples.home(WHO)).next_offset == 15


def test_a_name_in_a_strangers_row_is_blotted_and_the_row_stays(store: Store) -> None:
    fill(store)
    late = samples.full(OTHER, start=10)
    late.journeys[OTHER, f"with {WHO}"] = samples.journey_row(OTHER, f"with {WHO}")
    late.rescues[OTHER, f"with {WHO}"] = samples.rescue(OTHER, f"with {WHO}")
    store.checkpoint(late)
    store.erase(WHO, "Ada")
    assert everywhere(store, WHO) == {"erasures.subject"}
    assert [row.key for row in store.journeys.of(OTHER)] == ["j", "with erased"]
    assert {kept.row.journey for kept in store.rescues.of(OTHER)} == {"j", "with erased"}


def test_erasing_fences_the_fold_in_flight(store: Store) -> None:
    epoch = store.partitions.position(samples.home(WHO)).epoch
    store.erase(WHO, "Ada")
    with pytest.raises(Fenced):
        store.checkpoint(samples.full(WHO, epoch=epoch))


def test_erasing_twice_or_somebody_unknown_is_no_error(store: Store) -> None:
    assert store.erase(WHO, "Ada") == {}
    assert store.erase(WHO, "Bob") == {}
    [erasure] = store.erasures.all()
    assert (erasure.subject, erasure.by, erasure.counts) == (WHO, "Bob", {})
    assert store.erasures.subjects() == {WHO}


def test_the_world_is_told_whom_to_forget_though_only_one_row_knows(store: Store) -> None:
    store.erase(WHO, "Ada")
    [unsent] = store.outbox.unsent()
    assert (unsent.message.topic, unsent.message.key) == ("erased", WHO)
    assert json.loads(unsent.message.payload)["subject"] == WHO
    store.outbox.mark_sent([unsent], NOW)
    assert store.outbox.unsent() == []


def test_the_audit_log_says_that_but_not_whom(store: Store) -> None:
    store.erase(WHO, "Ada")
    [act] = store.audit.recent("customer")
    assert (act.actor, act.action, act.noun) == ("Ada", "erased", ("customer", ""))


def test_cells_are_those_the_fold_adds_to() -> None:
    group = group_of(WHO.encode())
    for one in (samples.contribution(), samples.contribution(samples.T0 + 777, live=False)):
        gathered = CellDifferences()
        gathered.gather([(one, 1)], group)
        expected: dict[CellKey, Counts] = {key: dict(one.counts) for key in keys_of(one, group)}
        assert gathered.expanded() == expected


def by_partition(store: Store) -> dict[int, list[Counts]]:
    """Return what each row of cells says by itself, by the partition it was written in the name of."""
    found: dict[int, list[Counts]] = {}
    for row in samples.dump(store._database, STORE)["cells"]:
        found.setdefault(row[3], []).extend(named(counts) for counts in unpack_cells(row[4]).values())
    return found


def in_the_name_of(store: Store, partition: int, effects: Effects) -> None:
    """Write ``effects`` in one checkpoint with a lower partition, which then is the one the cells lie with."""
    at = store.partitions.position(Partition(partition))
    lower = Effects(at.partition, at.next_offset, at.next_offset, at.epoch, at.watermark)
    lower.cells, effects.cells = effects.cells, {}
    store.checkpoint([lower, effects])


def test_what_is_taken_back_out_of_others_rows_leaves_no_trace(store: Store) -> None:
    """Else a row would say what the erased customer lived through, with a minus before it."""
    in_the_name_of(store, 0, samples.full(WHO))
    store.erase(WHO, "Ada")
    assert by_partition(store) == {}


def test_nothing_is_taken_out_of_five_minutes_that_are_gone(store: Store) -> None:
    in_the_name_of(store, 0, samples.full(WHO))
    assert store.cells.prune("5m", Millis(samples.T0 + 3 * DAY)) > 0
    store.erase(WHO, "Ada")
    assert by_partition(store) == {}


def test_what_is_left_of_others_is_what_they_added(store: Store) -> None:
    store.checkpoint(samples.full(OTHER))
    alone = dict(store.cells.every())
    in_the_name_of(store, 0, samples.full(WHO, start=5))
    store.erase(WHO, "Ada")
    assert dict(store.cells.every()) == alone
    assert all(value > 0 for rows in by_partition(store).values() for counts in rows for value in counts.values())


def test_an_erasure_that_fails_changes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store)
    before = everything(store)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("store.erasure.write_audit", fail)
    with pytest.raises(ZeroDivisionError):
        store.erase(WHO, "Ada")
    assert everything(store) == before


def test_the_sample_is_a_state_the_fold_could_have_written() -> None:
    effects: Effects = samples.full(WHO)
    assert unpack(effects.customers[WHO].state).applied[0].contributions[0] == samples.contribution()


ROWS = {
    "alone": b"C-17",
    "in a row": b"9;C-17;late\n",
    "in quotes": b'{"customer": "C-17"}',
    "of a longer id": b"9;C-171;late\n",
    "of another": b"9;AC-17;late\n",
}


def rejected(name: str, raw: bytes) -> tuple[bytes, bytes]:
    return reject_event(f"row-{name}", samples.T0, Fault("ragged_row", "row", "is short", "mend it"), raw)


def test_rejected_rows_that_hold_the_companys_own_id_go_with_it(sqlite_store: Store) -> None:
    store = sqlite_store
    records = [rejected(name, raw) for name, raw in ROWS.items()]
    said = (OTHER.encode(), json.dumps({"id": "C-17", "type": "no ressenti.reject"}).encode())
    store.log.append([*records, said])
    effects = samples.full(OTHER)
    effects.dead_letters = [samples.letter(n, None, raw) for n, raw in enumerate(ROWS.values())]
    store.checkpoint(effects)
    assert store.erase(WHO, "Ada", raw="C-17") == {"dead_letters": 3, "records": 3}
    assert {kept.letter.raw for kept in store.dead_letters.recent()} == {ROWS["of a longer id"], ROWS["of another"]}
    chunks = [store.log.read(Partition(p), Offset(0), 99) for p in range(store.partition_count)]
    kept = {record.value for chunk in chunks for record in chunk.records}
    assert kept == {records[3][1], records[4][1], said[1]}
    left = bytes_of(store)
    assert ROWS["in a row"] not in left
    assert b64encode(ROWS["in a row"]) not in left
    assert store.erasures.all()[0].counts == {"dead_letters": 3}


def test_a_fold_that_has_read_a_rejected_row_cannot_write_it_any_more(store: Store) -> None:
    elsewhere = next(s for s in map(samples.subject, range(2, 999)) if samples.home(s) != samples.home(WHO))
    effects = samples.full(elsewhere)
    effects.dead_letters = [samples.letter(0, None, ROWS["in a row"])]
    store.erase(WHO, "Ada", raw="C-17")
    with pytest.raises(Fenced):
        store.checkpoint(effects)


@pytest.mark.parametrize("raw", ["Zo\u00e9 B.", 'a "b"', "C-17"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "json"])
def test_an_id_is_found_however_it_is_spelt(raw: str, encoding: str) -> None:
    data = json.dumps([raw]).encode() if encoding == "json" else f";{raw};".encode(encoding)
    assert Mentions(raw).stand_in(data)
