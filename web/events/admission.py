"""How many requests one source may have in flight; the next is asked to wait, so that none crowds out the others.

A client that waits for each answer before it sends more never meets the limit.
"""

from collections import Counter
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request

from web.events.keys import source_of
from web.problems import Problem

MOST_IN_FLIGHT = 16
"""Requests of one source (or of this machine, before there are keys) that are read or written at the same time."""
RETRY_AFTER_S = 1


class Admission:
    """Counts the requests of each source that are in flight; lives on the event loop's thread."""

    def __init__(self, most: int = MOST_IN_FLIGHT) -> None:
        self._most = most
        self._in_flight: Counter[str | None] = Counter()

    def enter(self, source: str | None) -> None:
        """Count one request in; raises ``Problem`` 429 when the source has enough of them."""
        if self._in_flight[source] >= self._most:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{self._most} requests of this source are in flight already",
                "wait for answers before sending more, and put many events into one request",
                {"Retry-After": str(RETRY_AFTER_S)},
            )
        self._in_flight[source] += 1

    def leave(self, source: str | None) -> None:
        """Count one request out."""
        self._in_flight[source] -= 1
        if not self._in_flight[source]:
            del self._in_flight[source]


async def admitted(request: Request, source: Annotated[str | None, Depends(source_of)]) -> AsyncIterator[str | None]:
    """Yield the source that the request speaks for, while it counts as in flight."""
    admission = request.app.state.admission
    assert isinstance(admission, Admission)  # noqa: S101 - set once, by the application's maker
    admission.enter(source)
    try:
        yield source
    finally:
        admission.leave(source)
