"""From an HTTP body to the bytes of each event: media types, gzip, size limits. No event is judged here."""

import zlib
from email.message import Message
from http import HTTPStatus

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from models.errors import RejectedEvent
from models.interactions.envelope import split_batch, split_lines
from web.problems import Problem

MAX_BODY = 8 * 1024 * 1024
"""Bytes of a request, after decompression too."""
MAX_EVENTS = 10_000
MAX_MEMBERS = 100
"""Gzip members in one body; honest clients send one, or one for each file they joined."""
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
NDJSON = "application/x-ndjson"
ACCEPTED = (STRUCTURED, BATCH, NDJSON, "application/json", "application/ndjson", "application/jsonl")
UTF_8 = ("utf-8", "utf8")
_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 64 * 1024
"""Bytes unpacked at a time: what a member leaves unused is copied, so it must be little."""


async def events_of(request: Request) -> list[bytes]:
    """Return the bytes of each event in the body of ``request``.

    Raises ``Problem``: 415 for a media type or encoding that is not ours, 413 for a body or batch that is
    too large, 400 for a body that is not what its media type says.
    """
    media = _media_type(request)
    data = await _decoded(request)
    events = _split(media, data)
    if len(events) > MAX_EVENTS:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{len(events)} events in one request",
            f"send at most {MAX_EVENTS} events at a time",
        )
    return events


def _media_type(request: Request) -> str:
    said = Message()
    said["Content-Type"] = request.headers.get("content-type", "(none)")
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media not in ACCEPTED:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"Content-Type {media or '(none)'} is not accepted",
            f"send {STRUCTURED}, {BATCH} or {NDJSON}",
        )
    charset = said.get_param("charset", "utf-8")
    if str(charset).lower() not in UTF_8:
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"charset {charset} is not accepted", "send UTF-8")
    return media


async def _decoded(request: Request) -> bytes:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return await _raw(request)
    if encoding == "gzip":
        return await run_in_threadpool(_gunzip, await _raw(request))
    raise Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Encoding {encoding} is not accepted", "send gzip or no encoding"
    )


async def _raw(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise _too_large()
    return bytes(body)


def _gunzip(data: bytes) -> bytes:
    """Return what ``data`` unpacks to; it may be several gzip members one after another (RFC 1952, 2.2)."""
    body, at = bytearray(), 0
    for _ in range(MAX_MEMBERS):
        at = _unpack(memoryview(data), at, body)
        if at == len(data):
            return bytes(body)
    raise _damaged(f"has more than {MAX_MEMBERS} members", "compress the events as one stream")


def _unpack(data: memoryview, at: int, body: bytearray) -> int:
    """Add the gzip member of ``data`` that begins at ``at`` to ``body``; return where it ends."""
    unzip = zlib.decompressobj(_GZIP)
    while not unzip.eof:
        piece = data[at : at + _PIECE]
        if not piece:
            raise _damaged("is cut short")
        try:
            body += unzip.decompress(piece, MAX_BODY + 1 - len(body))
        except zlib.error as error:
            raise _damaged(f"is damaged ({error})") from error
        if len(body) > MAX_BODY:
            raise _too_large()
        at += len(piece) - len(unzip.unused_data)
    return at


def _damaged(how: str, remedy: str = "send the whole gzip stream") -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, f"the gzip body {how}", remedy)


def _too_large() -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the body is larger than {MAX_BODY // 1024 // 1024} MiB",
        "send the events in smaller requests",
    )


def _split(media: str, data: bytes) -> list[bytes]:
    if media == BATCH or (media == "application/json" and data.lstrip()[:1] == b"["):
        return _batch(data)
    return [data] if media in (STRUCTURED, "application/json") else split_lines(data)


def _batch(data: bytes) -> list[bytes]:
    try:
        return split_batch(data)
    except RejectedEvent as rejected:
        fault = rejected.fault
        raise Problem(HTTPStatus.BAD_REQUEST, fault.fault, fault.remedy) from None
