"""API keys of sources: made here, shown once, kept as a hash only."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row as Found
from sqlalchemy import insert, select, update

from models.errors import NotFound
from models.identifiers import Millis
from store.audit import Act, write_audit
from store.databases import Database
from store.tables.keys import api_keys

PREFIX = "rsk_"
_ID_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: str
    source: str
    created_at: Millis
    revoked_at: Millis | None


def _random_secret() -> str:
    return secrets.token_urlsafe(32)


class ApiKeys:
    """Makes, checks and revokes keys."""

    def __init__(self, database: Database, draw: Callable[[], str] = _random_secret) -> None:
        self._database = database
        self._draw = draw

    def create(self, source: str, by: str, now: Millis) -> tuple[ApiKey, str]:
        """Make a key for ``source``; return it with its secret, which is never seen again."""
        secret = PREFIX + self._draw()
        kept = _hash(secret)
        key = ApiKey(kept[:_ID_CHARACTERS], source, now, None)
        with self._database.write() as connection:
            connection.execute(insert(api_keys).values(id=key.id, source=source, hash=kept, created_at=now))
            write_audit(connection, Act(now, by, "created", ("api_key", key.id), {"source": source}))
        return key, secret

    def source_of(self, secret: str) -> str | None:
        """Return the source that ``secret`` speaks for, ``None`` when it is unknown or revoked."""
        # 256 random bits need no slow hash, and a lookup by hash compares nothing byte by byte with the secret.
        wanted = select(api_keys.c.source).where(api_keys.c.hash == _hash(secret), api_keys.c.revoked_at.is_(None))
        with self._database.read() as connection:
            return connection.execute(wanted).scalar()

    def revoke(self, key_id: str, by: str, now: Millis) -> None:
        """Make a key worthless from now on; raises ``NotFound``."""
        with self._database.write() as connection:
            live = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            if not connection.execute(live.values(revoked_at=now)).rowcount:
                raise NotFound(f"api key {key_id}: there is no such key in use; list the keys to see which there are")
            write_audit(connection, Act(now, by, "revoked", ("api_key", key_id)))

    def all(self) -> list[ApiKey]:
        """Return every key ever made, by source and time."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(api_keys).order_by(api_keys.c.source, api_keys.c.created_at, api_keys.c.id)
            )
            return [_key(row) for row in rows]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: Found[Any]) -> ApiKey:
    revoked = None if row.revoked_at is None else Millis(row.revoked_at)
    return ApiKey(row.id, row.source, Millis(row.created_at), revoked)
