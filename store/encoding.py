"""How values that are no plain column are written: JSON text for people to read, msgpack for the fold's own cells."""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_json = msgspec.json.Encoder(order="sorted")


def to_json(value: object) -> str:
    """Return ``value`` as JSON text, keys sorted, so that equal values give equal text."""
    return _json.encode(value).decode()


def from_json(text: str, kind: type[T]) -> T:
    """Return what ``to_json`` wrote; raises ``msgspec.ValidationError`` on anything else."""
    decoder: msgspec.json.Decoder[T] | None = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    return decoder.decode(text)


_decoders: dict[object, msgspec.json.Decoder[Any]] = {}
