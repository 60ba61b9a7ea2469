"""The pump gathers, waits out what may pass, sends the reader back, and never folds what does not continue."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest

from models.chunks import Chunk
from models.effects import Effects
from models.errors import InvariantBroken, LogChanged, RessentiError, RowRefused, StoreBusy
from models.identifiers import Epoch, Offset, Partition
from streams import ahead
from streams.arrivals import Reading, read
from streams.worker.pump import Batching, Ground, Pump
from tests.streams.worker.shelf import Place, Shelf, chunk
from tests.streams.worker.waiting import came

QUICK = Batching(records=100, seconds=0.02, first_backoff_seconds=0.01, most_backoff_seconds=0.02)
P0, P1 = Partition(0), Partition(1)


@dataclass
class Reader:
    """Remembers where it was sent."""

    sent: list[dict[Partition, Offset]] = field(default_factory=list)

    async def go_to(self, offsets: Mapping[Partition, Offset]) -> None:
        self.sent.append(dict(offsets))


@dataclass
class Bench:
    shelf: Shelf
    pump: Pump
    reader: Reader
    failed: list[BaseException]
    held: Mapping[Partition, Offset] = field(default_factory=dict)
    """What the store said when it was asked."""

    async def settled(self, done: Callable[[], object] = lambda: True) -> None:
        """Wait until the pump is idle and ``done``."""
        await came(lambda: not self.pump.busy and done())

    async def working(self) -> None:
        """Wait until a checkpoint is being written."""
        await came(lambda: self.pump._working and not self.pump._chunks)

    async def working_beside_a_queue(self) -> None:
        """Wait until a checkpoint is being written, and all that its beginning makes happen has happened."""
        await came(lambda: self.pump._working)
        await came(lambda: self.shelf.waiting)
        await asyncio.sleep(0.02)

    def at(self, partition: Partition = P0) -> int:
        return self.shelf.places[partition].next_offset


@contextlib.asynccontextmanager
async def bench(batching: Batching = QUICK) -> AsyncIterator[Bench]:
    shelf, reader, failed = Shelf(), Reader(), list[BaseException]()
    pump = Pump(shelf.folding(), Ground(shelf.check, failed.append), batching)
    running = asyncio.create_task(pump.run(reader))
    try:
        await pump.hold([P0, P1])
        yield Bench(shelf, pump, reader, failed)
    finally:
        shelf.gate.set()
        await pump.stop()
        async with asyncio.timeout(10):
            await running
        pump.close()


def run(body: Callable[[Bench], Awaitable[None]], batching: Batching = QUICK) -> None:
    async def all_of_it() -> None:
        async with bench(batching) as made:
            await body(made)

    asyncio.run(all_of_it())


def test_chunks_that_come_together_share_a_checkpoint() -> None:
    async def body(b: Bench) -> None:
        for start in range(0, 40, 10):
            await b.pump.take(chunk(0, start, start + 10))
        await b.pump.take(chunk(1, 0, 5))
        await b.settled(lambda: b.at(P1) == 5)
        assert [[(e.partition, e.start, e.end) for e in effects] for effects in b.shelf.written] == [
            [(0, 0, 40), (1, 0, 5)]
        ]
        assert b.pump.progress.offsets == 45

    run(body)


def test_a_full_batch_does_not_wait_for_its_time() -> None:
    async def body(b: Bench) -> None:
        async with asyncio.timeout(5):
            await b.pump.take(chunk(0, 0, 100))
            await b.settled(lambda: b.at() == 100)

    run(body, Batching(records=100, seconds=3_600))


def test_a_batch_with_room_is_written_when_its_time_has_come() -> None:
    async def body(b: Bench) -> None:
        await b.pump.take(chunk(0, 0, 1))
        await b.settled(lambda: b.at() == 1)

    run(body)


def test_what_is_assigned_is_all_that_is_held() -> None:
    """Partitions that were taken away before the word that they were given was through are not kept for ever."""

    async def body(b: Bench) -> None:
        await b.pump.hold([P1])
        assert b.pump.wanted() == {P1: 0}
        await b.pump.take(chunk(0, 0, 5), chunk(1, 0, 5))
        await b.settled(lambda: b.at(P1) == 5)
        assert (b.at(P0), b.reader.sent) == (0, [])

    run(body)


def test_what_one_fetch_brought_is_one_checkpoint() -> None:
    async def body(b: Bench) -> None:
        await b.pump.take(chunk(0, 0, 5), chunk(1, 0, 7))
        await b.settled(lambda: b.at(P1) == 7)
        assert [[(e.partition, e.end) for e in effects] for effects in b.shelf.written] == [[(0, 5), (1, 7)]]

    run(body, Batching(records=12, seconds=3_600))


def test_partitions_of_another_log_are_never_held() -> None:
    async def body(b: Bench) -> None:
        b.shelf.changed = LogChanged("topic interactions was made anew")
        assert await b.pump.hold([P0]) == {}
        assert b.failed == [b.shelf.changed]

    run(body)


def test_what_comes_during_a_checkpoint_is_gathered_up_to_two_batches_and_no_further() -> None:
    async def body(b: Bench) -> None:
        b.shelf.gate.clear()
        await b.pump.take(chunk(0, 0, 100))
        await b.working()
        await b.pump.take(chunk(0, 100, 200))
        await b.pump.take(chunk(0, 200, 300))
        waiting = asyncio.create_task(b.pump.take(chunk(0, 300, 400)))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        b.shelf.gate.set()
        await waiting
        await b.settled(lambda: b.at() == 400)
        assert b.shelf.received == 400

    run(body)


AHEAD = Batching(records=100, seconds=0.02, ahead=50, first_backoff_seconds=0.01)


def test_where_much_waits_the_next_batch_is_closed_and_read_while_one_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by: list[tuple[int, int, str]] = []

    def noted(one: Chunk, partitions: int) -> Reading:
        by.append((one.start, one.end, threading.current_thread().name.rpartition("_")[0]))
        return read(one, partitions)

    monkeypatch.setattr(ahead, "read", noted)

    async def body(b: Bench) -> None:
        b.shelf.gate.clear()
        await b.pump.take(chunk(0, 0, 100), chunk(0, 100, 140), chunk(0, 140, 170))
        await came(lambda: len(by) == 2)
        await b.pump.take(chunk(0, 170, 180))
        assert b.pump.holds(P0)
        b.shelf.gate.set()
        await b.settled(lambda: b.at() == 180)
        assert [(e.start, e.end) for effects in b.shelf.written for e in effects] == [(0, 100), (100, 170), (170, 180)]
        assert by == [(0, 100, "fold"), (100, 170, "ahead"), (170, 180, "fold")]

    run(body, AHEAD)


def test_where_little_waits_no_batch_is_closed_before_its_time() -> None:
    async def body(b: Bench) -> None:
        b.shelf.gate.clear()
        await b.pump.take(chunk(0, 0, 100), chunk(0, 100, 149))
        await b.working_beside_a_queue()
        await b.pump.take(chunk(0, 149, 180))
        b.shelf.gate.set()
        await b.settled(lambda: b.at() == 180)
        assert [(e.start, e.end) for effects in b.shelf.written for e in effects] == [(0, 100), (100, 180)]

    run(body, AHEAD)


def test_a_batch_closed_early_goes_with_its_partitions() -> None:
    async def body(b: Bench) -> None:
        b.shelf.gate.clear()
        await b.pump.take(chunk(0, 0, 100), chunk(0, 100, 160), chunk(1, 0, 40))
        await came(lambda: b.pump._next)
        waiting = asyncio.create_task(b.pump.take(chunk(1, 40, 160), chunk(1, 160, 170)))
        releasing = asyncio.create_task(b.pump.release([P0]))
        async with asyncio.timeout(5):
            await waiting
        assert not b.pump.holds(P0) or b.pump._working
        b.shelf.gate.set()
        await releasing
        await b.settled(lambda: b.at(P1) == 170)
        assert b.at() == 100
        assert b.pump.progress.dropped == 1

    run(body, AHEAD)


def test_a_batch_closed_early_waits_for_the_store_like_every_other() -> None:
    async def body(b: Bench) -> None:
        b.shelf.gate.clear()
        await b.pump.take(chunk(0, 0, 100), chunk(0, 100, 160))
        await came(lambda: b.pump._next)
        b.shelf.failures += [StoreBusy("the database is away")] * 3
        b.shelf.gate.set()
        await b.settled(lambda: b.at() == 160)
        assert b.shelf.received == 160
        assert not b.failed

    run(body, AHEAD)


def test_room_that_is_made_by_dropping_is_used() -> None:
    """Else the agent would wait for ever, and with it the fetcher: nobody else says that there is room."""

    async def body(b: Bench) -> None:
        b.shelf.gate.clear()
        await b.pump.take(chunk(0, 0, 100))
        await b.working()
        await b.pump.take(chunk(0, 100, 300))
        waiting = asyncio.create_task(b.pump.take(chunk(1, 0, 10)))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        releasing = asyncio.create_task(b.pump.release([P0]))
        async with asyncio.timeout(5):
            await waiting
        b.shelf.gate.set()
        await releasing
        await b.settled(lambda: b.at(P1) == 10)

    run(body)


def test_a_store_that_is_away_is_waited_for_and_the_chunks_are_kept() -> None:
    async def body(b: Bench) -> None:
        b.shelf.failures += [StoreBusy("the database is away")] * 3
        await b.pump.take(chunk(0, 0, 10))
        await b.settled(lambda: b.at() == 10)
        assert b.pump.progress.waiting is None
        assert not b.failed
        assert b.shelf.received == 10

    run(body)


def test_why_it_waits_is_told() -> None:
    async def body(b: Bench) -> None:
        b.shelf.failures += [StoreBusy("the database is away")]
        await b.pump.take(chunk(0, 0, 10))
        await came(lambda: b.pump.progress.waiting)
        assert b.pump.progress.waiting == "the database is away"
        await b.settled(lambda: b.at() == 10)

    run(body, Batching(records=100, seconds=0.0, first_backoff_seconds=0.1))


def test_fenced_it_reads_anew_and_drops_what_was_fetched_from_beyond() -> None:
    async def body(b: Bench) -> None:
        b.shelf.places[P0].next_offset = Offset(30)  # another worker went on
        b.shelf.places[P0].epoch = Epoch(1)
        await b.pump.take(chunk(0, 0, 10))
        await b.settled(lambda: b.reader.sent)
        assert b.reader.sent == [{P0: 30}]
        await b.pump.take(chunk(0, 40, 50))  # was under way when the reader was sent back
        await b.pump.take(chunk(0, 50, 60))
        await asyncio.sleep(0.05)
        assert (b.at(), len(b.reader.sent)) == (30, 1), "no seek for each of them"
        await b.pump.take(chunk(0, 30, 60))
        await b.settled(lambda: b.at() == 60)

    run(body)


def test_a_chunk_from_beyond_is_never_folded_and_sends_the_reader_back() -> None:
    async def body(b: Bench) -> None:
        await b.pump.take(chunk(0, 7, 10))
        await b.settled(lambda: b.reader.sent)
        assert b.reader.sent == [{P0: 0}]
        assert b.at() == 0
        assert b.shelf.received == 0

    run(body)


def test_released_partitions_are_not_folded_and_the_checkpoint_at_work_is_waited_for() -> None:
    async def body(b: Bench) -> None:
        b.shelf.gate.clear()
        await b.pump.take(chunk(0, 0, 100))
        await b.working()
        await b.pump.take(chunk(0, 100, 110))
        releasing = asyncio.create_task(b.pump.release([P0]))
        await asyncio.sleep(0.05)
        assert not releasing.done()
        b.shelf.gate.set()
        await releasing
        assert b.at() == 100
        await b.pump.take(chunk(0, 100, 110))
        await b.settled()
        assert b.at() == 100
        assert not b.reader.sent

    run(body)


def test_partitions_assigned_while_the_store_is_away_are_held_and_sought_once_it_is_back() -> None:
    async def body(b: Bench) -> None:
        await b.pump.release([P0])
        b.shelf.places[P0].next_offset = Offset(12)
        b.shelf.failures += [StoreBusy("away")] * 3
        assert await b.pump.hold([P0]) == {}
        await b.settled(lambda: b.reader.sent)
        assert b.reader.sent == [{P0: 12}]
        assert b.pump.wanted() == {P0: 12}

    run(body)


@pytest.mark.parametrize("taken_away", [lambda pump: pump.hold([P0]), lambda pump: pump.release([P1])])
def test_what_is_taken_away_while_the_store_is_away_is_not_held_once_it_is_back(
    taken_away: Callable[[Pump], Awaitable[object]],
) -> None:
    async def body(b: Bench) -> None:
        b.shelf.failures += [StoreBusy("away")] * 1_000
        await b.pump.hold([P0, P1])
        left = len(b.shelf.failures)
        await came(lambda: len(b.shelf.failures) < left - 1)  # it tries again by itself
        await taken_away(b.pump)
        b.shelf.failures.clear()
        await b.settled(lambda: b.reader.sent and b.pump.progress.waiting is None)
        assert (b.pump.wanted(), b.reader.sent) == ({P0: 0}, [{P0: 0}])

    run(body)


def test_when_all_that_could_not_be_held_is_taken_away_nothing_waits_for_the_store() -> None:
    async def body(b: Bench) -> None:
        b.shelf.failures += [StoreBusy("away")] * 1_000
        await b.pump.hold([P0, P1])
        await b.pump.release([P0, P1])
        await came(lambda: b.pump.progress.waiting is None)
        assert (b.pump.wanted(), b.reader.sent) == ({}, [])
        assert b.shelf.failures, "the store is away still"

    run(body)


@dataclass
class Slow:
    """Stands before a shelf, and tells where partitions stand when it may."""

    shelf: Shelf
    asked: threading.Event = field(default_factory=threading.Event)
    may: threading.Event = field(default_factory=threading.Event)
    then: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        self._standings = self.shelf.standings
        self.shelf.standings = self.standings  # type: ignore[method-assign]

    def standings(self) -> Mapping[Partition, Place]:
        self.asked.set()
        assert self.may.wait(10)
        found = self._standings()
        self.then()
        return found


@contextlib.asynccontextmanager
async def asking(b: Bench) -> AsyncIterator[None]:
    """Hold both partitions, the store answering after the block."""
    slow = Slow(b.shelf)
    holding = asyncio.create_task(b.pump.hold([P0, P1]))
    try:
        await came(slow.asked.is_set)
        yield
    finally:
        slow.may.set()
        b.held = await holding


async def given_up(release: Awaitable[object]) -> None:
    """Give a release up while the thread is at something else, as is done when that takes too long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.02):
            await release


def test_what_is_taken_away_while_the_store_is_asked_is_let_go_though_its_release_was_given_up() -> None:
    async def body(b: Bench) -> None:
        async with asking(b):
            await given_up(b.pump.release([P1]))
        assert (b.held, b.pump.wanted()) == ({P0: 0}, {P0: 0})

    run(body)


def test_what_is_taken_away_while_a_store_that_is_away_is_asked_is_not_held_later() -> None:
    async def body(b: Bench) -> None:
        async with asking(b):
            await given_up(b.pump.release([P1]))
            b.shelf.failures += [StoreBusy("away")] * 2
        await b.settled(lambda: b.reader.sent)
        assert (b.held, b.pump.wanted(), b.reader.sent) == ({}, {P0: 0}, [{P0: 0}])
        assert not b.pump._owed, "it would go round for ever, for what is not its own"

    run(body)


def test_a_release_that_was_given_up_is_made_good_by_the_next() -> None:
    async def body(b: Bench) -> None:
        b.shelf.gate.clear()
        await b.pump.take(chunk(0, 0, 100))
        await b.working()
        await given_up(b.pump.release([P0]))
        b.shelf.gate.set()
        await b.pump.release([P1])
        assert b.pump.wanted() == {}

    run(body)


def test_to_hold_nothing_lets_go_of_all_and_asks_nobody() -> None:
    """A worker without partitions has no reason to fail because the database or the log is not there."""

    async def body(b: Bench) -> None:
        b.shelf.failures += [StoreBusy("away")]
        b.shelf.changed = LogChanged("topic interactions was made anew")
        assert await b.pump.hold(()) == {}
        assert b.pump.wanted() == {}
        assert (b.failed, b.pump.progress.waiting, len(b.shelf.failures)) == ([], None, 1)

    run(body)


def test_what_is_assigned_anew_while_it_is_held_late_is_read_from_where_it_stands_by_then() -> None:
    """Holding late sends the reader to where the store stood; what comes from further on is not too far after all."""

    async def body(b: Bench) -> None:
        b.shelf.failures += [StoreBusy("away")] * 1_000
        await b.pump.hold([P0])

        def another_worker_went_on() -> None:
            b.shelf.places[P0].next_offset = Offset(30)

        slow = Slow(b.shelf, then=another_worker_went_on)
        b.shelf.failures.clear()
        await came(slow.asked.is_set)
        holding = asyncio.create_task(b.pump.hold([P0]))
        await asyncio.sleep(0.02)
        slow.may.set()
        assert await holding == {P0: 30}
        assert b.reader.sent == [{P0: 0}]
        await b.pump.take(chunk(0, 30, 40))
        await b.settled(lambda: b.at() == 40)

    run(body)


@pytest.mark.parametrize("error", [InvariantBroken("a bug"), LogChanged("another topic")])
def test_what_may_not_pass_is_told_once_and_ends_the_pump(error: RessentiError) -> None:
    async def body(b: Bench) -> None:
        b.shelf.failures += [error]
        await b.pump.take(chunk(0, 0, 10))
        await came(lambda: b.failed)
        async with asyncio.timeout(5):
            await b.pump.take(chunk(0, 0, 1_000))  # does not wait, does not raise
        assert b.failed == [error]
        assert b.at() == 0

    run(body)


def test_stopping_finishes_the_checkpoint_at_work() -> None:
    async def body(b: Bench) -> None:
        b.shelf.gate.clear()
        await b.pump.take(chunk(0, 0, 100))
        await b.working()
        stopping = asyncio.create_task(b.pump.stop())
        await asyncio.sleep(0.02)
        b.shelf.gate.set()
        await stopping
        await b.settled(lambda: b.at() == 100)

    run(body)


def test_stopping_does_not_wait_for_a_store_that_is_away() -> None:
    async def body(b: Bench) -> None:
        b.shelf.failures += [StoreBusy("away")] * 1_000
        await b.pump.take(chunk(0, 0, 10))
        await asyncio.sleep(0.05)

    run(body, Batching(records=100, seconds=0.0, first_backoff_seconds=60.0))  # ``bench`` bounds the end


def test_progress_is_seen_record_by_record_when_one_is_refused() -> None:
    seen: list[int] = []

    async def body(b: Bench) -> None:
        write = b.shelf.checkpoint

        def refusing(effects: list[Effects], hand_on: object) -> None:
            if len(effects[0].dead_letters) > 1:
                raise RowRefused("too long")
            seen.append(b.pump.progress.offsets)
            write(effects, hand_on)  # type: ignore[arg-type]

        b.shelf.checkpoint = refusing  # type: ignore[method-assign, assignment]
        await b.pump.take(chunk(0, 0, 5))
        await b.settled(lambda: b.at() == 5)

    run(body)
    assert seen == [0, 1, 2, 3, 4]
