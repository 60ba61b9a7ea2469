"""Two effects of one partition, one after the other, as one: so that several chunks share a checkpoint."""

from dataclasses import fields

from models.blocks import summed
from models.effects import Counters, Effects
from models.errors import InvariantBroken
from models.identifiers import Millis


def joined(first: Effects, second: Effects) -> Effects:
    """Return what ``first`` and then ``second`` write, as one; ``first`` is used up.

    Folding two chunks and joining them gives the same rows as folding them in one piece.
    """
    if (first.partition, first.end, first.epoch) != (second.partition, second.start, second.epoch):
        raise InvariantBroken(
            f"effects of partition {first.partition} up to {first.end} cannot be joined with those of "
            f"{second.partition} from {second.start}; report this"
        )
    return Effects(
        partition=first.partition,
        start=first.start,
        end=second.end,
        epoch=first.epoch,
        watermark=Millis(max(first.watermark, second.watermark)),
        customers=first.customers | second.customers,
        journeys={k: row for k, row in first.journeys.items() if k not in second.journeys_gone} | second.journeys,
        journeys_gone=(first.journeys_gone - second.journeys.keys()) | second.journeys_gone,
        archived=first.archived + second.archived,
        cells=summed((first.cells, second.cells)),
        rescues={k: row for k, row in first.rescues.items() if k not in second.rescues_gone} | second.rescues,
        rescues_gone=(first.rescues_gone - second.rescues.keys()) | second.rescues_gone,
        units=first.units | second.units,
        verbatims=first.verbatims + second.verbatims,
        dead_letters=first.dead_letters + second.dead_letters,
        forwards=first.forwards + second.forwards,
        outbox=first.outbox + second.outbox,
        counters=total(first.counters, second.counters),
    )


def total(one: Counters, other: Counters) -> Counters:
    """Return the sum of two tallies."""
    made = Counters()
    tally(made, one)
    tally(made, other)
    return made


def tally(into: Counters, more: Counters) -> None:
    """Add ``more`` to ``into``, in place."""
    for name in _NAMES:
        value = getattr(more, name)
        if value:
            setattr(into, name, getattr(into, name) + value)


_NAMES = tuple(field.name for field in fields(Counters))
