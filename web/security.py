"""What every answer carries against misuse of a browser, and what is refused for where it comes from or goes to.

There is no login: whoever reaches the port sees the pages. So without a proxy in front only this machine may reach it,
and only under its own name, since a site whose name was bent to this machine (DNS rebinding) is a stranger too.
"""

import re
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.errors import RefusedToStart
from streams.settings import Settings
from web.problems import Problem, respond

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_NAME = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)


class Secured:
    """An ASGI layer around the whole application, its last error page too; it passes streams through as they are.

    Unless ``any_host``, only requests for this machine's own names are answered.
    """

    def __init__(self, app: ASGIApp, *, any_host: bool) -> None:
        self._app = app
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers; refuse what another site's page sent, and what is sent to another site."""

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        app = self._app
        if scope["type"] == "http" and (problem := self._refusal(Request(scope))) is not None:
            app = respond(problem, Request(scope))
        await app(scope, receive, send_secured)

    def _refusal(self, request: Request) -> Problem | None:
        if not self._any_host and not names_this_machine(request.headers.get("host", "")):
            return _MISDIRECTED
        return _FOREIGN if is_foreign(request) else None


_MISDIRECTED = Problem(
    HTTPStatus.MISDIRECTED_REQUEST,
    "the Host header names another machine",
    "ask for localhost or 127.0.0.1; behind a proxy of yours, start with --behind-proxy",
)
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


def names_this_machine(host: str) -> bool:
    """Return whether a Host header names this machine itself, at any port.

    >>> [names_this_machine(host) for host in ("localhost:8000", "[::1]:80", "localhost.evil.example")]
    [True, True, False]
    """
    return _OWN_NAME.fullmatch(host) is not None


def check_address(settings: Settings) -> None:
    """Raise ``RefusedToStart`` when others than this machine could open the pages, and nobody vouches for a proxy."""
    if settings.behind_proxy or _is_loopback(settings.host):
        return
    raise RefusedToStart(
        f"host {settings.host!r} lets other machines in, and there is no login: listen on 127.0.0.1, or put your own "
        "proxy in front, which lets in only whom it should, and say so with --behind-proxy (RESSENTI_BEHIND_PROXY=true)"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
