"""Walk-throughs: the team lived the experience and wrote down what it was like; opportunities start here."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row as Found
from sqlalchemy import insert, select

from models.errors import NotFound
from models.identifiers import Millis
from store.databases import Database
from store.tables.people import walkthroughs


@dataclass(frozen=True, slots=True)
class Walkthrough:
    """One recorded walk-through; ``rating`` is hundredths of the way from worst to best, 0 to 10 000."""

    id: str
    at: Millis
    author: str
    touchpoint: str
    channel: str
    rating: int | None
    text: str


class Walkthroughs:
    """Keeps walk-throughs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, walkthrough: Walkthrough) -> None:
        """Keep a walk-through under its id."""
        with self._database.write() as connection:
            connection.execute(insert(walkthroughs).values(asdict(walkthrough)))

    def get(self, walkthrough_id: str) -> Walkthrough:
        """Return one walk-through; raises ``NotFound``."""
        with self._database.read() as connection:
            row = connection.execute(select(walkthroughs).where(walkthroughs.c.id == walkthrough_id)).first()
        if row is None:
            raise NotFound(f"walk-through {walkthrough_id}: there is none of that id")
        return _walkthrough(row)

    def recent(self, limit: int = 100) -> list[Walkthrough]:
        """Return up to ``limit`` walk-throughs, the latest first."""
        wanted = select(walkthroughs).order_by(walkthroughs.c.at.desc(), walkthroughs.c.id).limit(limit)
        with self._database.read() as connection:
            return [_walkthrough(row) for row in connection.execute(wanted)]


def _walkthrough(row: Found[Any]) -> Walkthrough:
    return Walkthrough(row.id, Millis(row.at), row.author, row.touchpoint, row.channel, row.rating, row.text)
