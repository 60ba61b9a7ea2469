"""A client of the application in the same process: no server, no socket, the answer read whole."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.types import ASGIApp

HERE = "127.0.0.1"


class Inside(httpx.BaseTransport):
    """Runs the application on a loop of its own thread, and waits for each answer."""

    def __init__(self, app: ASGIApp, portal: BlockingPortal, address: str, *, raises: bool) -> None:
        self._asgi = httpx.ASGITransport(app, raise_app_exceptions=raises, client=(address, 50_000))
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer to ``request``."""
        request.read()
        return self._portal.call(self._answer, request)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._asgi.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


@contextmanager
def asking(app: ASGIApp, address: str = HERE, *, raises: bool = True) -> Iterator[httpx.Client]:
    """Yield a client that comes from ``address``; unless told not to, what the application raises is raised here."""
    with start_blocking_portal() as portal:
        transport = Inside(app, portal, address, raises=raises)
        with httpx.Client(transport=transport, base_url="http://127.0.0.1") as client:
            yield client
