"""What the store must hold in the end: the log folded straight through, one reader, nothing going wrong.

What is no record of the log happens where it happened: an erasure at the offset where its partition stood then,
definitions from the offset on where they were written. A record that the database refuses is folded by itself.
"""

from collections.abc import Iterator, Sequence

from models.chunks import Chunk, Record
from models.definitions import Definitions
from models.effects import Counters, DeadLetter, Effects, Forward
from models.identifiers import Offset, Partition
from streams.fold import process
from streams.rows import Rows
from streams.state import PartitionState
from tests.simulation.events import POISON
from tests.simulation.log import MemoryLog
from tests.simulation.store import MemoryStore

EVERYTHING = 1 << 30


class IdealStore(MemoryStore):
    """What the store must hold, and what must have been handed on to other partitions."""

    def __init__(self, partitions: int, definitions: Definitions) -> None:
        super().__init__(partitions, definitions)
        self.forwarded: list[Forward] = []


def ideal(log: MemoryLog, store: MemoryStore) -> IdealStore:
    """Return a store that holds what ``store`` must."""
    made = IdealStore(log.partitions, store.definitions)
    made.steps = store.steps
    for partition in made.places:
        for erased in store.erasures:
            if erased.partition == partition:
                _fold(log, made, partition, erased.at)
                made.erase(erased.subject)
        _fold(log, made, partition, log.end(partition))
    return made


def _fold(log: MemoryLog, store: IdealStore, partition: Partition, end: Offset) -> None:
    start = store.places[partition].next_offset
    records = [r for r in log.read(partition, start, EVERYTHING).records if r.offset < end]
    for chunk in _apart(partition, start, end, records):
        place = store.places[partition]
        state = PartitionState(partition, log.partitions, start, place.epoch, place.watermark, Rows(store, ()))
        effects = process(chunk, state, store.timelines()[partition])
        if any(verbatim.text == POISON for verbatim in effects.verbatims):
            effects = _buried(effects, chunk.records[0])
        store.checkpoint([effects], store.forwarded.extend)
        start = chunk.end


def _apart(partition: Partition, start: Offset, end: Offset, records: Sequence[Record]) -> Iterator[Chunk]:
    """Yield ``[start, end)`` in as few chunks as leave each poisonous record alone in one."""
    healthy: list[Record] = []
    for record in records:
        if POISON.encode() not in record.value:
            healthy.append(record)
            continue
        yield Chunk(partition, start, record.offset, healthy)
        start, healthy = Offset(record.offset + 1), []
        yield Chunk(partition, record.offset, start, [record])
    yield Chunk(partition, start, end, healthy)


def _buried(effects: Effects, record: Record) -> Effects:
    letter = DeadLetter(record.offset, record.log_time, None, None, "poison", "", "", record.value)
    alone = Effects(effects.partition, effects.start, effects.end, effects.epoch, effects.watermark)
    alone.dead_letters, alone.counters = [letter], Counters(received=1, dead_letters=1)
    return alone
