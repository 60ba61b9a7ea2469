"""Rows that hold a company's own id of a customer: those an import rejected keep their bytes as they stood in the file.

Everything else knows customers by their pseudonym only. A row counts as holding the id when it stands there between
characters that are no ASCII letter, digit or underscore, in UTF-8, Windows-1252 or as JSON spells it.
"""

import json
import re
from contextlib import suppress

from sqlalchemy import Connection, bindparam, delete, or_, select

from models.errors import RejectedEvent
from models.interactions.decoding import Reject, decode
from models.interactions.internals import Reject as RejectData
from store.dialects import holds_bytes
from store.log import EmbeddedLog
from store.tables.dead_letters import dead_letters

_DELETE = delete(dead_letters).where(
    dead_letters.c.partition == bindparam("p"), dead_letters.c.offset == bindparam("o")
)


class Mentions:
    """Finds and deletes the rows that hold the id ``raw``."""

    def __init__(self, raw: str) -> None:
        self._spellings = spellings(raw)
        self._pattern = re.compile(rb"(?<!\w)(?:%s)(?!\w)" % b"|".join(map(re.escape, self._spellings)))

    def stand_in(self, data: bytes) -> bool:
        """Say whether ``data`` holds the id, not merely as part of a longer word."""
        return self._pattern.search(data) is not None

    def delete_dead_letters(self, connection: Connection) -> int:
        """Delete the dead letters that hold the id; return how many."""
        likely = or_(*(holds_bytes(dead_letters.c.raw, spelling) for spelling in self._spellings))
        found = connection.execute(select(dead_letters).where(likely))
        places = [{"p": row.partition, "o": row.offset} for row in found if self.stand_in(row.raw)]
        if places:
            connection.execute(_DELETE, places)
        return len(places)

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
