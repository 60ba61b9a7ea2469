"""Poison: a record that the database refuses although the contract took it. It must cost itself, and nothing else.

What fails inside the fold is isolated there, customer by customer; here the refusal comes later, of a chunk as a whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from models.chunks import Chunk, Record
from models.definitions import Timeline
from models.effects import Counters, DeadLetter, Effects
from models.errors import RowRefused
from streams.fold import POISON_FROM, POISON_PERCENT, PoisonedChunk, process
from streams.publishing import letters
from streams.state import PartitionState

Write = Callable[[Effects], None]


def isolated(chunk: Chunk, state: PartitionState, timeline: Timeline, write: Write) -> Iterator[Effects]:
    """Fold ``chunk``, which was refused, by halves of halves, yielding what each wrote, until each culprit is alone.

    A culprit becomes a dead letter. Among n records one costs about 2 log2(n) checkpoints; record by record a large
    chunk would keep its partition waiting for minutes. Raises ``PoisonedChunk`` once more than one record in a hundred
    is refused, and whatever else ``write`` raises.
    """
    refused = 0
    waiting = halves(chunk)
    while waiting:
        piece = waiting.pop(0)
        effects = process(piece, state, timeline)
        try:
            write(effects)
        except RowRefused as error:
            if len(piece.records) > 1:
                waiting[:0] = halves(piece)
                continue
            if not piece.records:
                raise  # no record is to blame
            refused += 1
            if len(chunk.records) >= POISON_FROM and refused * 100 > len(chunk.records) * POISON_PERCENT:
                raise PoisonedChunk(
                    f"partition {chunk.partition}: the database refuses {refused} of {len(chunk.records)} records from "
                    f"offset {chunk.start} on, the last at {piece.records[0].offset} ({error}); upgrade or report this"
                ) from error
            effects = buried(piece, effects, str(error))
            effects.outbox = letters(effects.dead_letters, state.topics)
            write(effects)
        state = replace(state, next_offset=effects.end, watermark=effects.watermark)
        yield effects


def halves(chunk: Chunk) -> list[Chunk]:
    """Return ``chunk`` as two with half of its records each, covering the same offsets; as it is with one or none."""
    records = chunk.records
    if len(records) < 2:
        return [chunk]
    half = len(records) // 2
    middle = records[half].offset
    first = Chunk(chunk.partition, chunk.start, middle, records[:half])
    return [first, Chunk(chunk.partition, middle, chunk.end, records[half:])]


def buried(single: Chunk, effects: Effects, reason: str) -> Effects:
    """Return ``effects`` of a chunk of one record with that record a dead letter instead of anything else."""
    counters = Counters(received=1, dead_letters=1, skipped=effects.counters.skipped)
    letters = [_letter(record, reason) for record in single.records]
    return Effects(
        effects.partition,
        effects.start,
        effects.end,
        effects.epoch,
        effects.watermark,
        dead_letters=letters,
        counters=counters,
    )


def _letter(record: Record, reason: str) -> DeadLetter:
    # Neither subject nor source: one of them may be what the database refuses.
    why = f"the database refuses it ({reason}); report this, then replay the dead letter"
    return DeadLetter(record.offset, record.log_time, None, None, "poison", "", why[:1000], record.value)
