"""Poison: a record that the database refuses although the contract took it. It must cost itself, and nothing else.

What fails inside the fold is isolated there, customer by customer; here the refusal comes later, of a chunk as a whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from models.chunks import Chunk, Record
from models.definitions import Timeline
from models.effects import Counters, DeadLetter, Effects
from models.errors import RowRefused
from models.identifiers import Offset
from streams.continuity import part
from streams.fold import POISON_FROM, POISON_PERCENT, PoisonedChunk, process
from streams.state import PartitionState

Write = Callable[[Effects], None]


def isolated(chunk: Chunk, state: PartitionState, timeline: Timeline, write: Write) -> Iterator[Effects]:
    """Fold ``chunk`` record by record, each its own checkpoint, yielding what each wrote; culprits become dead letters.

    Raises ``PoisonedChunk`` once more than one record in a hundred is refused, and whatever else ``write`` raises.
    """
    refused = 0
    for single in singles(chunk):
        effects = process(single, state, timeline)
        try:
            write(effects)
        except RowRefused as error:
            refused += 1
            if len(chunk.records) >= POISON_FROM and refused * 100 > len(chunk.records) * POISON_PERCENT:
                raise PoisonedChunk(
                    f"partition {chunk.partition}: the database refuses {refused} of {len(chunk.records)} records from "
                    f"offset {chunk.start} on, the last at {single.start} ({error}); upgrade or report this"
                ) from error
            effects = buried(single, effects, str(error))
            write(effects)
        state = replace(state, next_offset=effects.end, watermark=effects.watermark)
        yield effects


def singles(chunk: Chunk) -> Iterator[Chunk]:
    """Yield ``chunk`` as consecutive chunks of one record each, covering the same offsets."""
    start = chunk.start
    for record in chunk.records:
        end = Offset(record.offset + 1)
        yield part(chunk, start, end)
        start = end
    if start < chunk.end:
        yield part(chunk, start, chunk.end)


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
