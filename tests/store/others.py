"""The same store once more, as another process would open it; and a process that dies in the middle."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from store.database import Store
from store.postgres import PostgresDatabase
from store.sqlite import SqliteDatabase


class PowerCut(Exception):
    """Stands for the process dying between two statements."""


def another(store: Store, busy_ms: int = 200) -> Store:
    """Open what ``store`` is open on, with connections of its own."""
    database = store._database
    if isinstance(database, PostgresDatabase):
        return Store.connect(replace(database._address, busy_ms=busy_ms), clock=store.clock)
    return Store.open(store.folder, busy_ms=busy_ms, clock=store.clock)


@contextmanager
def dying_after(store: Store, statements: int) -> Iterator[None]:
    """Raise ``PowerCut`` instead of running statement number ``statements`` (from 0)."""
    left = [statements]

    def before(*_: object) -> None:
        if left[0] == 0:
            raise PowerCut
        left[0] -= 1

    database = store._database
    if isinstance(database, SqliteDatabase):
        event.listen(database._writer, "before_cursor_execute", before)
        try:
            yield
        finally:
            event.remove(database._writer, "before_cursor_execute", before)
        return
    execute = psycopg.Cursor.execute

    def dying(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the wrapped call takes
        before()
        return execute(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", dying)
        yield
