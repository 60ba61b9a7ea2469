"""A keeper in memory for tests of the worker: where partitions stand, and how many records went by."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.chunks import Chunk, Record
from models.definitions import Timeline
from models.effects import Effects
from models.errors import Fenced, RessentiError
from models.identifiers import Epoch, Millis, Offset, Partition
from streams.folding import Folding
from streams.keeper import HandOn
from streams.rows import Found, Wanted
from tests.streams.events import always


@dataclass
class Place:
    next_offset: Offset
    epoch: Epoch
    watermark: Millis


@dataclass
class Shelf:
    """Keeps positions as a store would; fails when told to."""

    partitions: int = 4
    places: dict[Partition, Place] = field(default_factory=dict)
    written: list[list[Effects]] = field(default_factory=list)
    """Each checkpoint."""
    failures: list[RessentiError] = field(default_factory=list)
    """Raised by the next calls, one each."""
    gate: threading.Event = field(default_factory=threading.Event)
    """Checkpoints wait for it."""
    waiting: bool = False
    """A checkpoint came to the gate."""
    ends: dict[Partition, Offset] = field(default_factory=dict)
    """Where the log ends, for who asks from outside."""
    changed: RessentiError | None = None
    """What a look at the log finds wrong."""
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.places = {Partition(p): Place(Offset(0), Epoch(0), Millis(0)) for p in range(self.partitions)}
        self.gate.set()

    def standings(self) -> Mapping[Partition, Place]:
        self._fail()
        return {p: Place(at.next_offset, at.epoch, at.watermark) for p, at in self.places.items()}

    def timelines(self) -> Mapping[Partition, Timeline]:
        return dict.fromkeys(self.places, always())

    def check(self) -> Mapping[Partition, Offset]:
        if self.changed is not None:
            raise self.changed
        return self.ends

    def load(self, wanted: Wanted) -> Found:  # noqa: ARG002 - nobody has a row here
        return {}

    def checkpoint(self, effects: Sequence[Effects], hand_on: HandOn) -> None:
        self.waiting = True
        assert self.gate.wait(10)
        self._fail()
        with self._turn:
            self._write(effects, hand_on)

    def _write(self, effects: Sequence[Effects], hand_on: HandOn) -> None:
        for one in effects:
            at = self.places[one.partition]
            if (at.next_offset, at.epoch) != (one.start, one.epoch):
                raise Fenced(f"partition {one.partition} stands elsewhere")
        for one in effects:
            self.places[one.partition].next_offset = one.end
            if one.forwards:
                hand_on(one.forwards)
        self.written.append(list(effects))

    def folding(self) -> Folding:
        return Folding(self, self.partitions, lambda _: None)

    @property
    def received(self) -> int:
        return sum(one.counters.received for effects in self.written for one in effects)

    def _fail(self) -> None:
        try:
            failure = self.failures.pop(0)
        except IndexError:  # also where a test, in another thread, has just taken back what it told
            return
        raise failure


def chunk(partition: int, start: int, end: int) -> Chunk:
    """Return a chunk full of records that are no events: each is a dead letter."""
    records = [Record(Offset(offset), Millis(1), b"k", b"{") for offset in range(start, end)]
    return Chunk(Partition(partition), Offset(start), Offset(end), records)
