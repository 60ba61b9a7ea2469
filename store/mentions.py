"""Rows that hold a company's own id of a customer: those an import rejected keep their bytes as they stood in the file.

Everything else knows customers by their pseudonym only. A row counts as holding the id when it stands there between
characters that are no ASCII letter, digit or underscore, in UTF-8, Windows-1252 or as JSON spells it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, true

from models.errors import RejectedEvent
from models.identifiers import Offset, Partition
from models.interactions.decoding import Reject, decode
from models.interactions.internals import Reject as RejectData
from store.databases import Database
from store.dialects import holds_bytes, take_your_time
from store.log import EmbeddedLog
from store.tables.dead_letters import dead_letters
from store.upserts import delete_rows

Place = tuple[Partition, Offset]


class Mentions:
    """Finds and deletes the rows that hold the id ``raw``."""

    def __init__(self, raw: str) -> None:
        self._spellings = spellings(raw)
        self._pattern = re.compile(rb"(?<!\w)(?:%s)(?!\w)" % b"|".join(map(re.escape, self._spellings)))

    def stand_in(self, data: bytes) -> bool:
        """Say whether ``data`` holds the id, not merely as part of a longer word."""
        return self._pattern.search(data) is not None

    def places(self, database: Database) -> list[Place]:
        """Return the places of the dead letters that hold the id now; reads all of them, and locks none."""
        with database.read() as connection:
            take_your_time(connection)
            return self._places(connection, true())

    def delete_dead_letters(
        self, connection: Connection, rows: Sequence[Place], since: Mapping[Partition, Offset]
    ) -> int:
        """Delete the dead letters that hold the id, at the places known and from the offsets on; return how many."""
        later = [and_(dead_letters.c.partition == here, dead_letters.c.offset >= at) for here, at in since.items()]
        return delete_rows(connection, dead_letters, sorted({*rows, *self._places(connection, or_(false(), *later))}))

    def _places(self, connection: Connection, where: ColumnElement[bool]) -> list[Place]:
        likely = or_(*(holds_bytes(dead_letters.c.raw, spelling) for spelling in self._spellings))
        found = connection.execute(select(dead_letters).where(where, likely))
        return [(row.partition, row.offset) for row in found if self.stand_in(row.raw)]

    def delete_records(self, log: EmbeddedLog) -> int:
        """Delete the rejected rows that hold the id from ``log``, folded or not; return how many."""
        return log.delete_judged(RejectData.TYPE.encode(), self._is_reject)

    def _is_reject(self, key: bytes, value: bytes) -> bool:
        try:
            said = decode(value, key)
        except RejectedEvent:
            return False
        return isinstance(said, Reject) and self.stand_in(said.raw)


def spellings(raw: str) -> list[bytes]:
    r"""Return the ways in which a file may spell ``raw``.

    >>> spellings("C-17")
    [b'C-17']
    >>> spellings("Zoé")
    [b'Zo\\u00e9', b'Zo\xc3\xa9', b'Zo\xe9']
    """
    ways = {raw.encode("utf-8", "surrogatepass"), json.dumps(raw)[1:-1].encode()}
    with suppress(UnicodeEncodeError):
        ways.add(raw.encode("cp1252"))
    return sorted(ways)
