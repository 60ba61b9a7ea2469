"""Binary mode: an event whose attributes are a message's headers, made the one JSON object that everything else reads.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md, section 3.2.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Final

import msgspec

PREFIX: Final = "ce_"
CONTENT_TYPE: Final = "content-type"
STRUCTURED: Final = "application/cloudevents"
FLAGS: Final = frozenset({"history"})
"""Attributes that are booleans; headers only have texts."""
BOOLEANS: Final = {"true": True, "false": False}

_raw = msgspec.json.Decoder(msgspec.Raw)
_encode = msgspec.json.Encoder().encode


def structured(value: bytes, headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    """Return the event that a record holds, in structured mode: ``value`` itself unless ``headers`` say binary.

    Never refuses: what is no JSON becomes ``data_base64``, which the contract then refuses with all that was sent.

    >>> structured(b'{"due": 1}', [("ce_id", b"7"), ("ce_specversion", b"1.0"), ("trace", b"x")])
    b'{"id":"7","specversion":"1.0","data":{"due": 1}}'
    """
    if not headers:
        return value
    given = {name: text.decode("utf-8", "replace") for name, text in headers if text is not None}
    media = given.get(CONTENT_TYPE)
    attributes: dict[str, object] = {
        name: BOOLEANS.get(text, text) if name in FLAGS else text
        for header, text in given.items()
        if (name := header.removeprefix(PREFIX)) != header and name != "data"
    }
    if not attributes or (media is not None and media.startswith(STRUCTURED)):
        return value
    if media is not None:
        attributes["datacontenttype"] = media
    return _encode(attributes | _data(value))


def _data(value: bytes) -> dict[str, object]:
    if not value:
        return {}
    try:
        # As it stands, once it is sure to be one value: bytes that were more could put attributes of their own in.
        return {"data": _raw.decode(value)}
    except (msgspec.DecodeError, RecursionError):
        return {"data_base64": b64encode(value).decode()}
