"""How a PostgreSQL database is reached; its driver comes with an extra, and is looked for only when it is asked for."""

from models.errors import RefusedToStart
from store.address import Address
from store.databases import Database


def connected(address: Address | str) -> Database:
    """Return the database at ``address``; raises ``RefusedToStart``, and ``Retryable`` while it is away."""
    try:
        from store.postgres import PostgresDatabase
    except ModuleNotFoundError as missing:
        raise RefusedToStart(f"{missing.name} is not installed; run: pip install 'ressenti[cluster]'") from None
    database = PostgresDatabase(Address(address) if isinstance(address, str) else address)
    try:
        database.check()
    except BaseException:
        database.close()
        raise
    return database
