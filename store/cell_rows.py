"""The rows cells lie in: found by their keys, added to by the checkpoint, merged by whoever rewrites.

Neighbouring cells of one scope lie together in one row, a block (``models.blocks``). A cell is the sum of what all
partitions hold of it: whoever moves a partition may write there, whatever the differences are of.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from itertools import chain
from operator import itemgetter

from sqlalchemy import BigInteger, Connection, Dialect, Integer, SmallInteger, and_, bindparam, column, select, values
from sqlalchemy.types import TypeEngine

from models.blocks import blocks_of
from models.cells import CellKey, Counts
from models.identifiers import Partition
from store.arrays import found_sql
from store.batches import batches, fetched
from store.measures import NOTHING, plus
from store.tables.cells import GRAINS, cells, scopes
from store.upserts import add_missing_rows, delete_rows, upsert_rows

HERE = 0
"""The partition in whose name a block lies that all partitions' parts of were merged."""

Block = tuple[int, int, int]
"""A block as its rows have it: scope id, grain, start."""
Written = tuple[int, int, int, int]
"""A row's key: a block and a partition."""


def scope_id(policy: str, scope: str) -> int:
    """Return the number a scope goes by: 63 bits of a hash, the same for every writer.

    >>> scope_id("1", "all") == scope_id("1", "all") != scope_id("2", "all")
    True
    """
    digest = blake2b(f"{policy}\0{scope}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def add_cells(connection: Connection, differences: Mapping[Partition, Mapping[CellKey, Counts]]) -> None:
    """Add ``differences`` to the rows of the partitions they are given for; a row that comes to nothing goes.

    All partitions of a checkpoint at once: their blocks lie side by side, and two writers that meet new scopes at the
    same time then come upon them in the same order, so that neither waits for the other's end in turn.
    """
    numbers = _Numbers()
    changes: list[tuple[Written, bytes]] = [
        ((*block, partition), more)
        for partition, added in differences.items()
        for block, more in _by_block(added, numbers)
    ]
    changes.sort(key=itemgetter(0))  # neighbouring rows are then found and written together
    numbers.write(connection)
    there = found_rows(connection, [key for key, _ in changes])
    became: dict[Written, bytes] = {}
    for key, more in changes:
        held = there.get(key)
        became[key] = more if held is None else plus(held, more)
    _write(connection, became)


def merge_cells(connection: Connection, differences: Mapping[CellKey, Counts], *, there_only: bool = False) -> None:
    """Add ``differences``, and let what all partitions hold of each block they touch lie in one row, or in none.

    ``there_only`` leaves out blocks that have no row any more: those of five minutes go with age.

    Whoever takes back what others wrote must call this, with every partition locked (``store.rewriting``): in a row of
    its own what is taken back would show, less than nothing, and a block that holds nothing any more keep its rows.
    """
    numbers = _Numbers()
    became: dict[Written, bytes] = {(*block, HERE): more for block, more in _by_block(differences, numbers)}
    numbers.write(connection)
    there = sorted(found_rows(connection, sorted(key[:3] for key in became)).items())
    if there_only:
        blocks = {key[:3] for key, _ in there}
        became = {key: counts for key, counts in became.items() if key[:3] in blocks}
    for key, counts in there:
        one = (*key[:3], HERE)
        became[one] = plus(counts, became[one])
        if key != one:
            became[key] = NOTHING
    _write(connection, became)


def _by_block(cells: Mapping[CellKey, Counts], numbers: "_Numbers") -> Iterator[tuple[Block, bytes]]:
    for (policy, grain, start), scoped in blocks_of(cells).packed().items():
        for scope, packed in scoped.items():
            yield (numbers[policy, scope], GRAINS[grain], start), packed


def _write(connection: Connection, became: Mapping[Written, bytes]) -> None:
    upsert_rows(connection, cells, [(*key, counts) for key, counts in became.items() if counts != NOTHING])
    delete_rows(connection, cells, [key for key, counts in became.items() if counts == NOTHING])


def found_rows(connection: Connection, keys: Sequence[Written | Block]) -> dict[Written, bytes]:
    """Return the rows of these keys; of every partition where a key names none."""
    found: dict[Written, bytes] = {}
    if not keys:
        return found
    names = tuple(_KEY)[: len(keys[0])]
    if connection.dialect.name == "postgresql":
        asked = tuple(list(column) for column in zip(*keys, strict=True))
        return {row[:4]: row[4] for row in fetched(connection, found_sql(cells, key=names), asked)}
    for run in batches(keys):
        sql = _find_sql(names, len(run), connection.dialect)
        for row in fetched(connection, sql, tuple(chain.from_iterable(run))):
            found[row[:4]] = row[4]
    return found


@cache
def _find_sql(names: tuple[str, ...], count: int, dialect: Dialect) -> str:
    key = {name: _KEY[name] for name in names}
    typed = [column(name, kind) for name, kind in key.items()]
    data = [tuple(bindparam(f"{name}_{i}", type_=kind) for name, kind in key.items()) for i in range(count)]
    wanted = values(*typed, name="wanted").data(data).cte("wanted")
    same = [cells.c[name] == wanted.c[name] for name in names]
    return str(select(cells).join_from(wanted, cells, and_(*same)).compile(dialect=dialect))


class _Numbers(dict[tuple[str, str], int]):
    """The numbers of scopes, each computed once."""

    def __missing__(self, name: tuple[str, str]) -> int:
        number = self[name] = scope_id(*name)
        return number

    def write(self, connection: Connection) -> None:
        """Write those that are not written yet."""
        add_missing_rows(connection, scopes, sorted((number, *name) for name, number in self.items()))


_KEY: dict[str, type[TypeEngine[int]]] = {
    "scope": BigInteger,
    "grain": SmallInteger,
    "bucket": BigInteger,
    "partition": Integer,
}
