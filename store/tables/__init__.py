"""What the two databases hold, one file per noun: ``STORE`` for ``store.db``, ``LOG`` for ``log.db``.

Every table is imported here, so that the metadata is complete wherever it is used.
"""

from store.tables import (  # noqa: F401  (importing them registers them)
    cases,
    cells,
    customers,
    dead_letters,
    definitions,
    experiments,
    gaps,
    journeys,
    keys,
    outbox,
    partitions,
    people,
    records,
    rescues,
    settings,
    targets,
    verbatims,
)
from store.tables.metadata import LOG, STORE, compare_bytes

compare_bytes(STORE)
compare_bytes(LOG)

__all__ = ["LOG", "STORE"]
