"""The hash that freezes a plan: of what it says, not of how this version happens to write it down.

- A field left at its default is not part of it: a later version may add fields, and old plans keep their hash.
- A customer's pseudonym counts as the word that stands for it after an erasure, so that forgetting somebody whom an
  evidence quotes does not look like a changed plan.

Hashes without a mark are of an earlier kind, over the stored text itself; they are checked where records are read.
"""

import hashlib
import re
from collections.abc import Mapping

import msgspec

from models.pseudonyms import PATTERN

MARK = "2:"
"""Before a hash of this kind."""

FROZEN = ("id", "iteration", "attempt", "parent", "salt", "origin", "plan", "waiver")
"""The fields of a record that are frozen at the start."""

_NAMED = re.compile(rf"(?<![A-Za-z0-9_-]){PATTERN.strip('^$')}(?![A-Za-z0-9_-])")
_BLOT = "erased"


def frozen_hash(record: msgspec.Struct) -> str:
    """Return the marked SHA-256 (hex) of a record's frozen fields."""
    parts = [_said(getattr(record, name)) for name in FROZEN]
    return MARK + _digest(_NAMED.sub(_BLOT, msgspec.json.encode(parts, order="deterministic").decode()))


def is_hash_of_text(plan_hash: str, data: bytes | str) -> bool:
    """Return whether an unmarked hash is that of the frozen fields as the stored JSON ``data`` spells them."""
    stored: Mapping[str, object] = msgspec.json.decode(data)
    return plan_hash == _digest(msgspec.json.encode([stored.get(name) for name in FROZEN]).decode())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _said(value: object) -> object:
    """Return ``value`` as plain JSON values without whatever is left at its default."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        given = ((field, getattr(value, field.name)) for field in fields)
        return {field.name: _said(one) for field, one in given if field.required or one != _default(field)}
    if isinstance(value, tuple | list):
        return [_said(one) for one in value]
    return value


def _default(field: msgspec.structs.FieldInfo) -> object:
    return field.default_factory() if callable(field.default_factory) else field.default
