"""The checkpoint: everything the folds of one or several partitions want written, and where they stand, or nothing.

::

    1. BEGIN IMMEDIATE: from here on no other writer can come between.
    2. Move each partition from ``start`` to ``end``, only where it stands at ``start`` under the epoch its fold read.
       Where it does not, another writer took over: raise ``Fenced``, roll everything back.
    3. Write the rows: customers, journeys, archived journeys, cells, rescues, units, verbatims, dead letters, outbox.
    4. Hand the forwards on, if there is someone to take them. Before the COMMIT: should we die between the two, they
       are handed on twice, which dedupe makes harmless; after it they could be lost.
    5. COMMIT.

A power cut may undo the last checkpoints (the file is written with ``synchronous=NORMAL``), never half of one: the
log is ahead and is folded again.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple

from sqlalchemy import Connection, bindparam, case, update

from models.effects import Effects, Forward
from models.errors import Fenced
from store.cells import add_cells
from store.customers import write_customers
from store.dead_letters import write_dead_letters
from store.journeys import delete_journeys, write_archived, write_journeys
from store.outbox import write_outbox
from store.rescues import delete_rescues, write_rescues
from store.sqlite import Database
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
        for effects in chunks:
            move(connection, effects)  # 2
        for effects in chunks:
            write_rows(connection, effects)  # 3
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


def write_rows(connection: Connection, effects: Effects) -> None:
    """Write every row of ``effects``, in no position's name."""
    partition = effects.partition
    write_customers(connection, partition, effects.customers.values())
    delete_journeys(connection, partition, effects.journeys_gone)
    write_journeys(connection, partition, effects.journeys.values())
    write_archived(connection, partition, effects.archived)
    add_cells(connection, partition, effects.cells)
    delete_rescues(connection, partition, effects.rescues_gone)
    write_rescues(connection, partition, effects.rescues.values())
    write_units(connection, partition, effects.units.values())
    write_verbatims(connection, partition, effects.verbatims)
    write_dead_letters(connection, partition, effects.dead_letters)
    write_outbox(connection, partition, effects.outbox)


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
