"""The engine on a real store: it follows the log, survives fences and refusals, and never guesses."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from models.chunks import Chunk
from models.effects import Effects
from models.errors import RowRefused, StoreBusy
from models.identifiers import DAY, HOUR, Millis, Offset, Partition
from models.partitions import partition_of
from store.database import Store
from streams.engine import Engine, Limits
from streams.fold import PoisonedChunk
from streams.keeper import HandOn, StoreKeeper
from streams.poison import halves
from streams.waking import WakingLog
from tests.streams.events import SCOPES, SUBJECTS, T0, Pair, company, contact, records

EVENTS = company(seed=1, customers=25)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data", partitions=4, clock=lambda: Millis(T0 + 30 * DAY)) as opened:
        opened.definitions.declare(SCOPES, "test", Millis(T0))
        yield opened


def accounted(store: Store) -> bool:
    counters = store.partitions.counters()
    return counters.received == counters.scored + counters.duplicates + counters.dead_letters


def test_it_folds_all_there_is_and_goes_on_after_a_restart(store: Store) -> None:
    store.log.append(EVENTS[:40])
    assert Engine(store.log, StoreKeeper(store)).drain() == 40
    store.log.append(EVENTS[40:])
    assert Engine(store.log, StoreKeeper(store)).drain() == len(EVENTS) - 40
    assert accounted(store)
    assert store.customers.count() > 0


def test_chunk_sizes_change_nothing(store: Store, tmp_path: Path) -> None:
    store.log.append(EVENTS)
    Engine(store.log, StoreKeeper(store), Limits(chunk_records=3, checkpoint_records=7)).drain()
    with Store.open(tmp_path / "other", partitions=4, clock=store.clock) as other:
        other.definitions.declare(SCOPES, "test", Millis(T0))
        other.log.append(EVENTS)
        Engine(other.log, StoreKeeper(other)).drain()
        assert store.projection().differences(other.projection()) == []


class Interfering(StoreKeeper):
    """A keeper before whose first checkpoint somebody else changes the partitions' rows."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.times = 1

    def checkpoint(self, effects: Sequence[Effects], hand_on: HandOn) -> None:
        if self.times:
            self.times -= 1
            with self._store.exclusive(*(one.partition for one in effects)):
                pass
        super().checkpoint(effects, hand_on)


def test_a_fence_is_noticed_and_the_chunk_folded_anew(store: Store) -> None:
    store.log.append(EVENTS)
    engine = Engine(store.log, Interfering(store))
    assert engine.drain() == len(EVENTS)
    assert engine.fences == 1
    assert accounted(store)


class Refusing(StoreKeeper):
    """A keeper over a database that refuses certain customers' rows, whatever else is in the chunk."""

    def __init__(self, store: Store, *subjects: str) -> None:
        super().__init__(store)
        self.subjects = subjects

    def checkpoint(self, effects: Sequence[Effects], hand_on: HandOn) -> None:
        if any(subject in self.subjects for one in effects for subject in one.customers):
            raise RowRefused("the database refuses a value")
        super().checkpoint(effects, hand_on)


def test_what_the_database_refuses_becomes_a_dead_letter_and_the_rest_is_kept(store: Store) -> None:
    pairs = [contact(subject, T0 + n, f"c{n}", "ended") for n, subject in enumerate(SUBJECTS)]
    store.log.append(pairs)
    Engine(store.log, Refusing(store, SUBJECTS[3])).drain()
    counters = store.partitions.counters()
    assert (counters.received, counters.scored, counters.dead_letters) == (12, 11, 1)
    letter = store.dead_letters.recent()[0].letter
    assert (letter.code, letter.raw) == ("poison", pairs[3][1])


def test_a_database_that_refuses_too_much_stops_the_engine(store: Store) -> None:
    home = partition_of(SUBJECTS[0].encode(), 4)
    many = [s for n in range(900) if partition_of((s := f"p1_{'z' * 24}{n:04d}").encode(), 4) == home][:120]
    store.log.append([contact(subject, T0, "c", "ended") for subject in many])
    with pytest.raises(PoisonedChunk, match="refuses 2 of 120 records"):
        Engine(store.log, Refusing(store, *many[5:9])).drain()


def test_a_record_in_the_wrong_partition_reaches_the_right_one(store: Store) -> None:
    key, value = contact(SUBJECTS[0], T0, "c", "ended")
    stranger = next(k for n in range(99) if partition_of(k := f"k{n}".encode(), 4) != partition_of(key, 4))
    store.log.append([(stranger, value)])
    Engine(store.log, StoreKeeper(store)).drain()
    counters = store.partitions.counters()
    assert (counters.forwarded, counters.received, counters.scored) == (1, 1, 1)


class Busy(StoreKeeper):
    """A keeper whose store is busy at first."""

    times = 2

    def checkpoint(self, effects: Sequence[Effects], hand_on: HandOn) -> None:
        if self.times:
            self.times -= 1
            raise StoreBusy("another process writes; try again")
        super().checkpoint(effects, hand_on)


def test_it_waits_out_a_busy_store(store: Store) -> None:
    engine = Engine(store.log, Busy(store), Limits(idle_seconds=0.01))
    with running(engine):
        store.log.append(EVENTS[:20])
        assert soon(lambda: store.partitions.counters().received + store.partitions.counters().due == 20)
    assert engine.failure is None


class Broken(StoreKeeper):
    """A keeper with a bug."""

    def checkpoint(self, effects: Sequence[Effects], hand_on: HandOn) -> None:  # noqa: ARG002
        raise ZeroDivisionError


def test_what_cannot_pass_stops_it_and_says_why(store: Store) -> None:
    engine = Engine(store.log, Broken(store), Limits(idle_seconds=0.01))
    store.log.append(EVENTS[:5])
    with pytest.raises(ZeroDivisionError):
        engine.run()
    assert isinstance(engine.failure, ZeroDivisionError)


def test_an_append_is_visible_at_once(store: Store) -> None:
    engine = Engine(store.log, StoreKeeper(store), Limits(idle_seconds=30))
    log = WakingLog(store.log, engine.wake)
    with running(engine):
        for n in range(5):
            began = time.monotonic()
            log.append([contact(SUBJECTS[0], T0 + n * HOUR, f"c{n}", "queued")])
            assert soon(lambda n=n: store.partitions.counters().scored == n + 1)
            assert time.monotonic() - began < 1


def test_listeners_hear_of_each_checkpoint(store: Store) -> None:
    heard: list[int] = []
    engine = Engine(store.log, StoreKeeper(store))
    engine.listen(lambda effects: heard.append(sum(one.end - one.start for one in effects)))
    store.log.append(EVENTS)
    assert engine.drain() == sum(heard) == len(EVENTS)


def test_halves_cover_the_same_offsets() -> None:
    stream: list[Pair] = [contact(SUBJECTS[0], T0, f"c{n}", "queued") for n in range(4)]
    kept = [record for record in records(stream, T0, start=4) if record.offset != 5]
    whole = Chunk(Partition(0), Offset(4), Offset(9), kept)
    assert [(p.start, p.end, len(p.records)) for p in halves(whole)] == [(4, 6, 1), (6, 9, 2)]
    assert [p for piece in halves(whole) for p in halves(piece)] == [*halves(whole)[:1], *halves(halves(whole)[1])]
    empty = Chunk(Partition(0), Offset(4), Offset(9), [])
    assert halves(empty) == [empty]


class running:  # noqa: N801 - reads as a word
    """Run an engine in a thread for the length of a block."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.thread = threading.Thread(target=engine.run)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.engine.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()


def soon(holds, seconds: float = 10.0) -> bool:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Wait until ``holds()``; say whether it came to."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.002)
    return False
