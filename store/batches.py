"""Reading many rows by key in few statements, whose texts are compiled once per size.

Sizes are powers of two: a shorter batch repeats its last key, so that a handful of statements serve every length.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect

T = TypeVar("T")

LARGEST = 256
"""Keys per statement; PostgreSQL and SQLite both allow more parameters than 256 keys of 5 columns need."""


def batches(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield ``keys`` in runs whose length is a power of two, the last one filled by repeating its last key.

    >>> [len(run) for run in batches(range(259))]
    [256, 4]
    """
    for start in range(0, len(keys), LARGEST):
        run = keys[start : start + LARGEST]
        size = 1 << (len(run) - 1).bit_length()
        yield [*run, *[run[-1]] * (size - len(run))]


def fetched(connection: Connection, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    """Return the driver's own rows: a quarter of the time where rows are many and columns few."""
    cursor = plain_cursor(connection)
    try:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    finally:
        cursor.close()
    return rows


def plain_cursor(connection: Connection) -> Any:  # noqa: ANN401 - the driver's own
    """Return a cursor of the driver; PostgreSQL's answers then come in binary, where bytes are not spelt out."""
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        return driver.cursor(binary=True)
    return connection.connection.cursor()


Build = Callable[[int, Dialect], str]


def compiled(build: Build) -> Build:
    """Make ``build``, which writes the statement for a number of keys, do so once per number and dialect."""
    return cache(build)
