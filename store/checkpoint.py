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
from functools import cache
from operator import attrgetter

from sqlalchemy import Connection, bindparam, case, update

from models.blocks import summed
from models.cells import CellKey, Counts
from models.effects import Effects, Forward
from models.errors import Fenced
from models.identifiers import Partition
from store.batches import fetched
from store.cell_rows import add_cells
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
        move(connection, sorted(chunks, key=_partition))  # 2
        write_cells(connection, chunks)  # 3
        write_rows(connection, chunks)
        if forwards and hand_on is not None:
            hand_on(forwards)  # 4
            forwards = []
    return forwards  # 5: the block above has committed


def move(connection: Connection, chunks: Sequence[Effects]) -> None:
    """Move the partitions' positions over the chunks, in their order, and add their counters; raises ``Fenced``."""
    together = connection.dialect.name == "postgresql" and len({e.partition for e in chunks}) == len(chunks)
    moved = _moved_together(connection, chunks) if together else set()
    for effects in chunks:
        if effects.partition not in moved and (together or not _moved(connection, effects)):
            raise Fenced(
                f"partition {effects.partition}: no longer at offset {effects.start} under epoch {effects.epoch}; "
                "another writer changed it: drop its state, read position and epoch again"
            )


def _moved(connection: Connection, effects: Effects) -> bool:
    now: dict[str, object] = dict(zip(_ADDED, astuple(effects.counters), strict=True))
    now |= {
        "at_partition": effects.partition,
        "at_start": effects.start,
        "at_epoch": effects.epoch,
        "to_end": effects.end,
        "to_watermark": effects.watermark,
    }
    return connection.execute(_MOVE, now).rowcount == 1


def _moved_together(connection: Connection, chunks: Sequence[Effects]) -> set[int]:
    rows = [(e.partition, e.start, e.epoch, e.end, e.watermark, *astuple(e.counters)) for e in chunks]
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    return {partition for (partition,) in fetched(connection, _move_sql(), columns)} if rows else set()


@cache
def _move_sql() -> str:
    """Return the one statement that moves many partitions on PostgreSQL; it gives those that it moved.

    Rows are locked in the order of partitions first: an UPDATE alone takes them as it comes upon them.
    """
    arrays = ", ".join(["%b::int4[]", *["%b::int8[]"] * (4 + len(COUNTERS))])
    names = ", ".join(["partition", "at_start", "at_epoch", "to_end", "to_watermark", *_ADDED])
    added = ", ".join(f'"{name}" = p."{name}" + g."add_{name}"' for name in COUNTERS)
    return (
        f"WITH g AS MATERIALIZED (SELECT * FROM unnest({arrays}) AS given ({names})), "  # noqa: S608 - our own names
        "locked AS MATERIALIZED (SELECT partition FROM partitions WHERE partition IN (SELECT partition FROM g) "
        "ORDER BY partition FOR UPDATE) "
        "UPDATE partitions p SET next_offset = g.to_end, watermark = greatest(p.watermark, g.to_watermark), "
        f"{added} FROM g JOIN locked USING (partition) WHERE p.partition = g.partition "
        "AND p.next_offset = g.at_start AND p.epoch = g.at_epoch RETURNING p.partition"
    )


def write_cells(connection: Connection, chunks: Sequence[Effects]) -> None:
    """Add what ``chunks`` add to the cells."""
    cells: dict[Partition, MutableMapping[CellKey, Counts]] = {}
    for effects in chunks:
        here = effects.partition
        cells[here] = summed([cells[here], effects.cells]) if here in cells else effects.cells
    add_cells(connection, cells)


def write_rows(connection: Connection, chunks: Sequence[Effects]) -> None:
    """Write every other row of ``chunks``, in no position's name."""
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
