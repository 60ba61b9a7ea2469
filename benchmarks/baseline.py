"""The yardsticks: what any program must spend on these events, measured in the same run on the same records."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.timing import Spent, timed
from models.chunks import Record


def parsing(records: Sequence[Record]) -> Spent:
    """Parse each record's JSON with msgspec and throw it away: the least a program can do."""
    decode = msgspec.json.decode
    values = [record.value for record in records]

    def work() -> None:
        for value in values:
            decode(value)

    return timed(work)


def keeping(records: Sequence[Record], file: Path, commit: int) -> Spent:
    """Parse each record with ``json.loads`` and insert one SQLite row for it, committing every ``commit`` records.

    What a script that only stores events does; it validates, dedupes and scores nothing.
    """
    file.unlink(missing_ok=True)
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE events (source TEXT, id TEXT, subject TEXT, time TEXT, type TEXT, data TEXT)")
    spent = timed(lambda: _keep(connection, records, commit))
    connection.close()
    file.unlink()
    return spent


def _keep(connection: sqlite3.Connection, records: Sequence[Record], commit: int) -> None:
    insert = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)"
    for start in range(0, len(records), commit):
        connection.execute("BEGIN")
        for record in records[start : start + commit]:
            event = json.loads(record.value)
            said = json.dumps(event["data"])
            row = (event["source"], event["id"], event["subject"], event["time"], event["type"], said)
            connection.execute(insert, row)
        connection.execute("COMMIT")
