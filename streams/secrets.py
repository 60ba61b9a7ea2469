"""The key that pseudonyms are made with: read from the file that is named, or drawn once for a data folder.

Losing it means that nobody can be recognised any more; it belongs in the backup, apart from the data.
"""

import os
import secrets
from pathlib import Path

from models.errors import RefusedToStart
from models.pseudonyms import PseudonymKey, mark_of
from store.database import Store
from streams.settings import Settings, secret

FILE = "pseudonym.key"
_BYTES = 32


def pseudonym_key(settings: Settings) -> PseudonymKey:
    """Return the key that ``settings`` name, or that of the data folder, drawing one when it has none yet.

    Raises ``RefusedToStart`` for a named file that is missing, empty, too short or readable by everybody, and where
    processes on several machines must have the same one and none is named.
    """
    if settings.secret_file is None and settings.database_url is not None:
        raise RefusedToStart(
            "RESSENTI_SECRET_FILE: must be named where the store is in PostgreSQL, or every machine would make "
            "pseudonyms of its own; put one key (32 random bytes in hex, say) on all of them"
        )
    path = settings.secret_file or _own(settings.data)
    text = secret(path)
    try:
        return PseudonymKey(settings.secret_version, b"" if text is None else text.get_secret_value().encode())
    except ValueError as error:
        raise RefusedToStart(f"secret file {path}: {error}") from None


def kept_key(settings: Settings, store: Store) -> PseudonymKey:
    """Return the key as ``pseudonym_key`` does, once ``store`` is known to be under it; a new store remembers it.

    Raises ``RefusedToStart`` besides for another key under the same version: every customer would be two.
    """
    key = pseudonym_key(settings)
    name, mark = f"pseudonym_key_{key.version}", mark_of(key)
    kept = store.settings.get(name)
    if kept is None:
        with store.transaction(alone=name):
            kept = store.settings.get(name)  # again: another process may have been quicker
            if kept is None:
                store.settings.set(name, mark, store.clock())
                return key
    if kept != mark:
        raise RefusedToStart(
            f"secret file {settings.secret_file or settings.data / FILE}: holds another key than this store was filled "
            f"under as version {key.version}, and every customer would become a second one; put the first key back, "
            "or give a new key a new RESSENTI_SECRET_VERSION"
        )
    return key


def _own(folder: Path) -> Path:
    path = folder / FILE
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path
    except OSError as error:
        raise RefusedToStart(f"data folder {folder}: no key can be written there ({error.strerror})") from error
    with os.fdopen(file, "w", encoding="utf-8") as made:
        made.write(secrets.token_hex(_BYTES) + "\n")
    return path
