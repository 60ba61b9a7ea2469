"""The fold: a chunk of one partition and how that partition stands become what must be written.

``process`` is pure, synchronous and deterministic; the only clock is the log's. Its steps::

    1. The chunk is cut where the definitions change; each part is folded under its own.
    2. Decode (``arrivals``): who is in it; what cannot be understood is a dead letter already.
    3. Load those customers' rows.
    4. Fold customer by customer (``customers``). One that fails is folded again record by record: the culprit becomes a
       dead letter. When that happens to more than one record in a hundred, the fault is ours: stop.
    5. Gather the effects; always ``received = scored + duplicates + dead letters``.
"""

from collections.abc import Mapping

from models.chunks import Chunk
from models.definitions import Definitions, Timeline
from models.effects import Effects
from models.errors import InvariantBroken, SchemaMismatch
from models.identifiers import Millis, Subject
from models.interactions.decoding import Decoded
from models.partitions import group_of
from streams.arrivals import Arrival, dead_letter
from streams.cells import CellDifferences
from streams.continuity import NotNext, part
from streams.customers import CustomerFold, continued
from streams.gathering import gather
from streams.joining import joined
from streams.publishing import letters
from streams.state import PartitionState

POISON_FROM = 100
"""Smallest chunk in which a share of poison means anything."""
POISON_PERCENT = 1


class PoisonedChunk(InvariantBroken):
    """More than one record in a hundred can not be folded: that is no bad input, it is a fault of ours."""


def process(
    chunk: Chunk, state: PartitionState, definitions: Timeline, cells: CellDifferences | None = None
) -> Effects:
    """Return everything ``chunk``, which must begin exactly where ``state`` stands, asks to have written.

    What it adds to the cells goes to ``cells``, where given, to be summed with what other chunks add.

    Raises ``NotNext`` for a chunk that begins elsewhere, ``PoisonedChunk`` when too much of it cannot be folded, and
    ``SchemaMismatch`` when a customer's row cannot be read.
    """
    if chunk.start != state.next_offset:
        raise NotNext(chunk, state.next_offset)
    effects: Effects | None = None
    for start, end, current in definitions.spans(chunk.start, chunk.end):  # 1
        before = effects.customers if effects is not None else {}
        gathering = _Gathering(part(chunk, start, end), state, cells)
        more = _fold(gathering, current, {s: row.state for s, row in before.items()})
        effects = more if effects is None else joined(effects, more)
    if effects is None:
        return Effects(state.partition, chunk.start, chunk.end, state.epoch, state.watermark)
    _check_poison(effects, len(chunk.records))
    return effects


def _fold(gathered: "_Gathering", definitions: Definitions, pending: Mapping[Subject, bytes]) -> Effects:
    reading, state = gathered.reading, gathered.state
    rows = {**state.load(state.partition, [s for s in reading.subjects if s not in pending]), **pending}  # 3
    for subject, arrivals in reading.arrivals.items():  # 4
        if subject in definitions.erased:
            gathered.forget(arrivals)
        else:
            gathered.fold(subject, rows.get(subject), arrivals, definitions)
    return gathered.effects()  # 5


class _Gathering:
    """The effects of one chunk, growing customer by customer."""

    def __init__(self, chunk: Chunk, state: PartitionState, cells: CellDifferences | None) -> None:
        self.reading = reading = state.read(chunk, state.partitions)  # 2
        self.state = state
        self._cells = CellDifferences() if cells is None else cells
        self._own_cells = cells is None
        self._effects = Effects(
            partition=reading.partition,
            start=reading.start,
            end=reading.end,
            epoch=state.epoch,
            watermark=Millis(max(state.watermark, reading.log_time)),
            dead_letters=list(reading.dead_letters),
            forwards=reading.forwards,
            counters=reading.counters,
        )

    def effects(self) -> Effects:
        """Return what was gathered; raises ``InvariantBroken`` should a record be unaccounted for."""
        effects = self._effects
        if self._own_cells:
            effects.cells = self._cells.expanded()
        effects.dead_letters.sort(key=lambda letter: letter.offset)
        effects.outbox += letters(effects.dead_letters, self.state.topics)
        counted = effects.counters
        if counted.received != counted.scored + counted.duplicates + counted.dead_letters:
            raise InvariantBroken(f"records unaccounted for in partition {effects.partition}: {counted}; report this")
        return effects

    def forget(self, arrivals: list[Arrival]) -> None:
        """Count what came for an erased customer; it leaves nothing."""
        events = sum(isinstance(decoded, Decoded) for _, decoded in arrivals)
        counters = self._effects.counters
        counters.received += events
        counters.scored += events
        counters.erased += events
        counters.due += len(arrivals) - events

    def fold(self, subject: Subject, row: bytes | None, arrivals: list[Arrival], definitions: Definitions) -> None:
        """Fold one customer's arrivals; should that fail, find the culprit among them."""
        try:
            self._add(self._folded(subject, row, arrivals, definitions))
        except SchemaMismatch:
            raise  # the row is at fault and not the record: burying what came would lose it
        except Exception:  # noqa: BLE001 - whatever a record makes go wrong must cost that record alone
            self._isolate(subject, row, arrivals, definitions)

    def _folded(
        self, subject: Subject, row: bytes | None, arrivals: list[Arrival], definitions: Definitions
    ) -> CustomerFold:
        fold = continued(subject, row, definitions, group_of(subject.encode()), self.state.topics)
        for arrival in arrivals:
            fold.take(arrival)
        fold.close()
        return fold

    def _isolate(self, subject: Subject, row: bytes | None, arrivals: list[Arrival], definitions: Definitions) -> None:
        for arrival in arrivals:
            try:
                fold = self._folded(subject, row, [arrival], definitions)
            except Exception as error:  # noqa: BLE001 - see above
                self._bury(arrival, error)
                continue
            self._add(fold)
            row = row if fold.row is None else fold.row.state

    def _bury(self, arrival: Arrival, error: Exception) -> None:
        counters = self._effects.counters
        record, decoded = arrival
        if not isinstance(decoded, Decoded):
            counters.due += 1
            return
        counters.received += 1
        counters.dead_letters += 1
        reason = f"folding it failed ({type(error).__name__}: {error}); report this, then replay the dead letter"
        self._effects.dead_letters.append(dead_letter(record, "poison", reason[:1000], decoded))

    def _add(self, fold: CustomerFold) -> None:
        gather(self._effects, self._cells, fold)


def _check_poison(effects: Effects, records: int) -> None:
    poison = [letter for letter in effects.dead_letters if letter.code == "poison"]
    if records >= POISON_FROM and len(poison) * 100 > records * POISON_PERCENT:
        first = poison[0]
        raise PoisonedChunk(
            f"partition {effects.partition}, offsets {effects.start} to {effects.end}: {len(poison)} of {records} "
            f"records cannot be folded, the first at {first.offset} ({first.reason}); nothing was written: "
            "upgrade or report this"
        )
