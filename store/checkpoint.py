"""The checkpoint: everything the folds of one or several partitions want written, and where they stand, or nothing.

::

    1. Begin. In a data folder (BEGIN IMMEDIATE) no other writer can come between from here on; on PostgreSQL none of
       the same partitions can, once the rows of 2 are locked: always the lowest partition first, so that two never
       wait for each other.
    2. Move each partition from ``start`` to ``end``, only where it stands at ``start`` under the epoch its fold read.
       Where it does not, another writer took over: raise ``Fenced``, roll everything back.
    3. Write the rows: cells, customers, journeys, archived journeys, rescues, units, verbatims, dead letters, outbox.
    4. Hand the forwards on, if there is someone to take them. Before the COMMIT: should we die between the two, they
       are handed on twice, which dedupe makes harmless; after it they could be lost.
    5. COMMIT.

A power cut may undo the last checkpoints (the file is written with ``synchronous=NORMAL``, PostgreSQL told
``synchronous_commit=off``), never half of one: the log is ahead and is folded again.
"""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import astuple
from operator import attrgetter

from sqlalchemy import Connection, bindparam, case, update

from models.blocks import summed
from models.cells import CellKey, Counts
from models.effects import Effects, Forward
from models.errors import Fenced
from models.identifiers import Partition
from store.cells import add_cells
from store.customers import write_customers
from store.databases import Database
from store.dead_letters import write_dead_letters
from store.journeys import delete_journeys, write_archived, write_journeys
from store.outbox import write_outbox
from store.rescues import delete_rescues, write_rescues
from store.tables.partitions import COUNTERS, partitions
from store.units import write_units
from store.verbatims import write_verbatims

HandOn = Callable[[Sequence[Forward]], object]


def checkpoint(database: Database, chunks: Sequence[Effects], hand_on: HandOn | None = None) -> list[Forward]:
    """Write ``chunks``, all of them or nothing; return the forwards nobody has taken.

    Raises ``Fenced``, ``StoreBusy``, ``StoreFull``, and ``RowRefused`` when a value cannot be written at all.
    """
    forwards = [forward for effects in chunks for forward in effects.forwards]
    with database.write(durable=False) as connection:  # 1
        for effects in sorted(chunks, key=_partition):
            move(connection, effects)  # 2
        write_rows(connection, chunks)  # 3
        if forwards and hand_on is not None:
            hand_on(forwards)  # 4
            forwards = []
    return forwards  # 5: the block above has committed


def move(connection: Connection, effects: Effects) -> None:
    """Move the partition's position over the chunk and add its counters; raises ``Fenced``."""
    now: dict[str, object] = dict(zip(_ADDED, astuple(effects.counters), strict=True))
    now |= {
        "at_partition": effects.partition,
        "at_start": effects.start,
        "at_epoch": effects.epoch,
        "to_end": effects.end,
        "to_watermark": effects.watermark,
    }
    if connection.execute(_MOVE, now).rowcount != 1:
        raise Fenced(
            f"partition {effects.partition}: no longer at offset {effects.start} under epoch {effects.epoch}; "
            "another writer changed it: drop its state, read position and epoch again"
        )


def write_rows(connection: Connection, chunks: Sequence[Effects]) -> None:
    """Write every row of ``chunks``, in no position's name."""
    cells: dict[Partition, MutableMapping[CellKey, Counts]] = {}
    for effects in chunks:
        here = effects.partition
        cells[here] = summed([cells[here], effects.cells]) if here in cells else effects.cells
    add_cells(connection, cells)
    write_customers(connection, chunks)
    delete_journeys(connection, chunks)
    write_journeys(connection, chunks)
    write_archived(connection, chunks)
    delete_rescues(connection, chunks)
    write_rescues(connection, chunks)
    write_units(connection, chunks)
    write_verbatims(connection, chunks)
    write_dead_letters(connection, chunks)
    write_outbox(connection, chunks)


_partition = attrgetter("partition")
_ADDED = tuple(f"add_{name}" for name in COUNTERS)
_MOVE = (
    update(partitions)
    .where(
        partitions.c.partition == bindparam("at_partition"),
        partitions.c.next_offset == bindparam("at_start"),
        partitions.c.epoch == bindparam("at_epoch"),
    )
    .values(
        next_offset=bindparam("to_end"),
        watermark=case(
            (partitions.c.watermark > bindparam("to_watermark"), partitions.c.watermark),
            else_=bindparam("to_watermark"),
        ),
        **{name: partitions.c[name] + bindparam(f"add_{name}") for name in COUNTERS},
    )
)
