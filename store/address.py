"""Where a PostgreSQL database is, and how it is to be used."""

from dataclasses import dataclass, field

BUSY_MS = 5_000
"""How long a writer waits for another one's rows, or for a connection, before it says the store is busy."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is and how it is used; ``url`` as libpq takes it, without a password."""

    url: str
    password: str | None = field(default=None, repr=False)
    readers: int = 8
    """Most connections that read, for pages and commands."""
    writers: int = 4
    """Most connections that write: the fold's, the ticks', people's."""
    statement_seconds: float = 60.0
    """Longest a reader's statement may take."""
    busy_ms: int = BUSY_MS
