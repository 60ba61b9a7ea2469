"""What every answer carries against misuse of a browser, and which posts are refused for where they come from."""

from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problems import Problem, respond

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Secured:
    """An ASGI layer around the application; it passes streams through as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers; refuse what another site's page sent."""

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        app = self._app
        if scope["type"] == "http" and is_foreign(Request(scope)):
            app = respond(_FOREIGN, Request(scope))
        await app(scope, receive, send_secured)


_FOREIGN = Problem(HTTPStatus.FORBIDDEN, "this was sent from another site", "use our own pages")


def is_foreign(request: Request) -> bool:
    """Return whether another site's page sent a change; what no browser sent says nothing of where it comes from."""
    if request.method in SAFE:
        return False
    said = request.headers.get("sec-fetch-site")
    if said is not None:
        return said not in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
