"""Which source a request may speak for: its API key says so.

Until the first key is made, requests from this machine are trusted, so that trying it needs nothing; from then on every
request needs a key. Behind a proxy every request does from the start, since all seem to come from the proxy's machine.
"""

from http import HTTPStatus
from ipaddress import ip_address

from fastapi import Request

from web.house import HouseOf
from web.problems import Problem

BEARER = "bearer "


def source_of(request: Request, house: HouseOf) -> str | None:
    """Return the source the request's key is for; ``None`` for a trusted request before there are keys.

    Raises ``Problem`` 401.
    """
    given = request.headers.get("authorization", "")
    if given.lower().startswith(BEARER):
        source = house.store.keys.source_of(given[len(BEARER) :].strip())
        if source is None:
            raise _unauthorised("this API key is not known or was revoked")
        return source
    if _is_local(request) and not house.settings.behind_proxy and not house.store.keys.all():
        return None
    raise _unauthorised("no API key was sent")


def _is_local(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _unauthorised(detail: str) -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        detail,
        "send `Authorization: Bearer KEY`; make one with `ressenti keys create --source SOURCE`",
        {"WWW-Authenticate": "Bearer"},
    )
