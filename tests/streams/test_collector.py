"""The collector's rules: what is taken, what is refused and why, and that nothing raw reaches the log."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from models import instants
from models.errors import StoreFull
from models.identifiers import DAY, Millis, Offset, Partition
from models.instants import render
from models.pseudonyms import PseudonymKey, pseudonym
from store.database import Store
from streams.collector import Collector
from streams.declaring import Bounds, Declaring, Met, met
from streams.engine import Engine
from streams.keeper import StoreKeeper
from streams.memory import RecentEvents
from streams.verdicts import Verdict
from tests.streams.events import T0

KEY = PseudonymKey(1, b"a key that nobody knows")
RAW = "jane.doe@example.org"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data", partitions=4, clock=lambda: Millis(T0 + DAY)) as opened:
        yield opened


def collector(store: Store, recent: int = 100, values: int = 10) -> Collector:
    declaring = Declaring(store.definitions, Bounds(values), store.clock)
    return Collector(store.log, store.customers.load, declaring, KEY, RecentEvents(recent), clock=store.clock)


def told(number: int = 1, source: str = "/shop", subject: object = RAW, **data: object) -> bytes:
    body = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": source,
        "type": "ressenti.contact",
        "time": instants.render(T0),
        "subject": subject,
        "data": {"contact": "c1", "phase": "queued", **data},
    }
    return json.dumps(body).encode()


def logged(store: Store) -> list[tuple[bytes, bytes]]:
    return [
        (record.key, record.value)
        for partition in range(4)
        for record in store.log.read(Partition(partition), Offset(0), 100).records
    ]


def statuses(verdicts: Sequence[Verdict]) -> list[str]:
    return [verdict.status if verdict.fault is None else verdict.fault.code for verdict in verdicts]


def test_an_accepted_event_is_in_the_log_when_the_verdict_is_given(store: Store) -> None:
    assert collector(store).collect([told()], "/shop") == [Verdict("accepted", "e1", "/shop")]
    assert len(logged(store)) == 1


def test_the_raw_id_never_reaches_the_log(store: Store) -> None:
    collector(store).collect([told(1), told(2, subject=4711)], "/shop")
    assert RAW.encode() not in b"".join(key + value for key, value in logged(store))
    assert {key for key, _ in logged(store)} == {pseudonym(raw, KEY).encode() for raw in (RAW, "4711")}


def test_a_pseudonym_made_by_the_client_is_kept(store: Store) -> None:
    made = pseudonym(RAW, KEY)
    collector(store).collect([told(subject=made)], "/shop")
    assert [key for key, _ in logged(store)] == [made.encode()]


def test_words_are_redacted_and_unknown_fields_left_out_and_counted(store: Store) -> None:
    taken = collector(store)
    event = json.loads(told())
    event["type"] = "ressenti.complaint"
    event["data"] = {"complaint": "k", "verbatim": "call me: 06 12 34 56 78", "mail": RAW}
    event["traceparent"] = RAW
    assert statuses(taken.collect([json.dumps(event).encode()], None)) == ["accepted"]
    ((_, value),) = logged(store)
    assert b"[phone]" in value
    assert b"06 12" not in value
    assert RAW.encode() not in value
    assert taken.collected.unknown_fields == 2


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (b"{", "malformed"),
        (b"[1]", "wrong_type"),
        (told(phase="lost"), "not_allowed"),
        (told(subject=""), "missing"),
        (told(subject="x" * 600), "too_long"),
        (told(source="/other"), "forbidden_source"),
        (told(source="/shopping"), "forbidden_source"),
        (told().replace(b"ressenti.contact", b"ressenti.due"), "reserved_type"),
        (told().replace(b"ressenti.contact", b"ressenti.reject"), "reserved_type"),
        (told().replace(b"ressenti.contact", b"com.acme.call"), "unknown_type"),
    ],
)
def test_what_is_refused_says_why_and_how_to_mend_it(store: Store, event: bytes, code: str) -> None:
    (verdict,) = collector(store).collect([event], "/shop")
    assert verdict.status == "rejected"
    assert verdict.fault is not None
    assert verdict.fault.code == code
    assert verdict.fault.remedy
    assert logged(store) == []
    assert RAW not in json.dumps(verdict.as_json())


def test_each_event_of_a_batch_gets_its_own_verdict(store: Store) -> None:
    verdicts = collector(store).collect(
        [told(1), b"{", told(1), told(2, source="/shop/paris"), told(1, phase="ended")], "/shop"
    )
    assert statuses(verdicts) == ["accepted", "malformed", "duplicate", "accepted", "id_conflict"]
    assert len(logged(store)) == 2


@pytest.mark.parametrize("recent", [100, 0])
def test_duplicates_are_known_from_memory_or_from_the_store(store: Store, recent: int) -> None:
    collector(store, recent).collect([told()], "/shop")
    Engine(store.log, StoreKeeper(store)).drain()
    after_restart = collector(store, recent)
    assert statuses(after_restart.collect([told(), told(phase="ended")], "/shop")) == ["duplicate", "id_conflict"]
    assert after_restart.collected.duplicates == after_restart.collected.rejected == 1


class Full:
    """A log whose disk is full."""

    identity, partitions = "full", 4

    def append(self, _records: object) -> object:
        raise StoreFull("the disk is full; free some space")


def test_nothing_is_remembered_of_what_could_not_be_kept(store: Store) -> None:
    taken = collector(store)
    log = taken._log
    taken._log = Full()  # type: ignore[assignment]
    with pytest.raises(StoreFull):
        taken.collect([told()], "/shop")
    taken._log = log
    assert statuses(taken.collect([told()], "/shop")) == ["accepted"]


def test_new_scopes_declare_themselves_up_to_a_bound(store: Store) -> None:
    taken = collector(store, values=2)
    taken.collect([told(n, touchpoint=f"t{n}", channel="chat", segment={"plan": "gold"}) for n in range(4)], "/shop")
    scopes = store.definitions.current().scopes
    assert scopes.touchpoints == {"t0", "t1"}
    assert [set(scopes.channels), set(scopes.sources), set(scopes.segments)] == [{"chat"}, {"/shop"}, set()]
    version = store.definitions.current().version
    taken.collect([told(9, touchpoint="t9", channel="chat")], "/shop")
    assert store.definitions.current().version == version


def test_what_declares_itself_is_counted_from_its_first_event(store: Store) -> None:
    collector(store).collect([told(touchpoint="help")], "/shop")
    Engine(store.log, StoreKeeper(store)).drain()
    assert "touchpoint:help" in store.cells.scopes(store.definitions.current().active.version)


def test_two_processes_add_to_each_others_declarations(store: Store) -> None:
    one, other = (Declaring(store.definitions, Bounds(10, 10), store.clock) for _ in range(2))
    found = [met(told(source=source, segment={"plan": source})) for source in ("/a", "/b")]
    events = [each for each in found if isinstance(each, Met)]
    one.meet(events[:1])
    other.meet(events[1:])
    scopes = store.definitions.current().scopes
    assert set(scopes.sources) == {"/a", "/b"}
    assert set(scopes.segments) == {("plan", "/a"), ("plan", "/b")}


def test_scopes_that_could_not_be_declared_are_declared_with_the_next_event(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreFull("full")

    declaring = Declaring(store.definitions, Bounds(10), store.clock)
    event = met(told(source="/a"))
    assert event is not None
    with monkeypatch.context() as full:
        full.setattr(store.definitions, "declare", refuse)
        with pytest.raises(StoreFull):
            declaring.meet([event])
    declaring.meet([event])
    assert set(store.definitions.current().scopes.sources) == {"/a"}


def test_recent_events_forget_the_oldest_first() -> None:
    recent = RecentEvents(2)
    recent.remember({("s", "1"): 1, ("s", "2"): 2})
    recent.remember({("s", "3"): 3})
    assert [recent.content(("s", n)) for n in "123"] == [None, 2, 3]
    recent.forget([("s", "3")])
    assert recent.content(("s", "3")) is None


def test_what_has_not_happened_yet_is_refused_at_the_door(store: Store) -> None:
    tomorrow = json.dumps({**json.loads(told()), "time": render(store.clock() + DAY)}).encode()
    (verdict,) = collector(store).collect([tomorrow], "/shop")
    assert verdict.status == "rejected"
    assert verdict.fault is not None
    assert (verdict.fault.code, verdict.fault.field) == ("future_time", "time")
    assert logged(store) == []
