"""Delivery of the outbox to a webhook: at least once, in order, waiting longer after each failure.

Receivers tell repeats by ``Ressenti-Message`` (its id never changes) and stale ones by the ``version`` inside.
"""

import hashlib
import hmac
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog

from models.identifiers import Millis
from store.outbox import Outbox, Unsent
from streams.publishing import gone

_log = structlog.get_logger(__name__)

Post = Callable[[str, bytes, Mapping[str, str], float], int]
"""Post a body with headers to an address, waiting so many seconds; return the status, raise ``OSError`` otherwise."""

FIRST_WAIT: Millis = Millis(1_000)
LONGEST_WAIT: Millis = Millis(300_000)
BATCH = 100


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where messages go, and the key they are signed with."""

    url: str
    secret: bytes | None = None
    timeout_seconds: float = 10.0

    @property
    def host(self) -> str:
        """Who it is, for the log: paths, queries and user names of webhooks are often secrets."""
        return urlsplit(self.url).hostname or ""


class Deliveries:
    """Sends what is unsent; one at a time, so that a receiver sees each partition's messages in order."""

    def __init__(self, outbox: Outbox, receiver: Receiver, post: Post | None = None) -> None:
        self._outbox = outbox
        self._receiver = receiver
        self._post = post or posted
        self._wait = FIRST_WAIT
        self._not_before = Millis(0)

    def tick(self, now: Millis) -> int:
        """Send up to a batch of messages; stop at the first failure and wait twice as long as last time."""
        if now < self._not_before:
            return 0
        sent: list[Unsent] = []
        try:
            for unsent in self._outbox.unsent(BATCH):
                if not self._deliver(unsent):
                    self._not_before = Millis(now + self._wait)
                    self._wait = min(LONGEST_WAIT, Millis(2 * self._wait))
                    break
                self._wait = FIRST_WAIT
                sent.append(unsent)
        finally:
            # Should we die before this, the batch is sent again: at least once.
            self._outbox.mark_sent(sent, now)
        return len(sent)

    def _deliver(self, unsent: Unsent) -> bool:
        receiver, message = self._receiver, unsent.message
        payload = message.payload or gone(message)
        headers = {
            "Content-Type": "application/json",
            "Ressenti-Topic": message.topic,
            "Ressenti-Message": f"{unsent.partition}-{message.offset}-{message.n}",
        }
        if receiver.secret is not None:
            headers["Ressenti-Signature"] = f"sha256={signature(receiver.secret, payload)}"
        try:
            status = self._post(receiver.url, payload, headers, receiver.timeout_seconds)
        except OSError as error:
            _log.warning("a message could not be delivered", host=receiver.host, reason=str(error))
            return False
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return True
        _log.warning("a message was refused", host=receiver.host, status=status)
        return False


def signature(secret: bytes, payload: bytes) -> str:
    """Return the HMAC-SHA256 (RFC 2104) of ``payload``, in hex.

    >>> signature(b"key", b"The quick brown fox jumps over the lazy dog")[:16]
    'f7bc83f430538424'
    """
    return hmac.new(secret, payload, hashlib.sha256).hexdigest()


def posted(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
    """Post over HTTP; return the status, whatever it is; raises ``OSError`` when there is no answer."""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"a webhook with the scheme {urlsplit(url).scheme!r} is no http address")
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310 - checked above
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
