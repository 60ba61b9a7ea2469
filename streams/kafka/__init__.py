"""Kafka as the log, and as where results go: everything of ours that talks to brokers through kafka-python.

The worker's own reading (Faust, aiokafka) is in ``streams.worker``. Modules here are imported when Kafka is asked for:
a program on one machine does without the client's library.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from models.errors import RefusedToStart


@contextmanager
def needing_library() -> Iterator[None]:
    """Refuse to start, saying what to install, when the block imports a library that is not there."""
    try:
        yield
    except ModuleNotFoundError as missing:
        raise RefusedToStart(
            f"Kafka needs libraries that are not installed ({missing.name}); run: pip install 'ressenti[cluster]'"
        ) from missing
