"""Compatibility: which changes of the contract would refuse, or silently drop, what senders send today.

Senders upgrade when they like, so a published schema may only widen: a new optional field, a wider bound, another
listed value. Everything else needs a new type beside the old one.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

_UPPER: Final = ("maximum", "maxLength", "maxItems", "maxProperties")
_LOWER: Final = ("minimum", "minLength", "minItems", "minProperties")


def breaking(old: Schema, new: Schema) -> list[str]:
    """Return every breaking change from the published ``old`` schema to ``new``, one sentence each; none is well.

    >>> breaking({"type": "integer", "maximum": 9}, {"type": "integer", "maximum": 5})
    ['(event): maximum went from 9 to 5']
    """
    return list(_changes(_resolved(old, old), _resolved(new, new), "(event)"))


def _resolved(schema: Any, root: Schema) -> Any:  # noqa: ANN401 - JSON
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            return _resolved(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
        return {name: _resolved(inner, root) for name, inner in schema.items() if name != "$defs"}
    return [_resolved(inner, root) for inner in schema] if isinstance(schema, list) else schema


def _changes(old: Schema, new: Schema, at: str) -> Iterator[str]:
    yield from _branches(old, new, at)
    old, new = _branch(old), _branch(new)
    yield from _fields(old, new, at)
    yield from _bound(old, new, at, _UPPER, lambda before, after: after < before)
    yield from _bound(old, new, at, _LOWER, lambda before, after: after > before)
    for name in ("type", "pattern", "format", "const"):
        if name in new and old.get(name) != new[name]:
            yield f"{at}: {name} went from {old.get(name, 'none')} to {new[name]}"
    if "enum" in new:
        gone = [value for value in old.get("enum", [old.get("const", "any value")]) if value not in new["enum"]]
        if gone:
            yield f"{at}: no longer allows {', '.join(map(str, gone))}"
    if "items" in new:
        yield from _changes(old.get("items", {}), new["items"], f"{at}[]")
    yield from _keys(old.get("patternProperties"), new.get("patternProperties"), at)


def _branches(old: Schema, new: Schema, at: str) -> Iterator[str]:
    if {"type": "null"} in old.get("anyOf", ()) and {"type": "null"} not in new.get("anyOf", ()):
        yield f"{at}: no longer allows null"


def _branch(schema: Schema) -> Schema:
    """Return what a value that is not ``null`` must be; the contract has no other alternatives."""
    return next((branch for branch in schema.get("anyOf", ()) if branch != {"type": "null"}), schema)


def _fields(old: Schema, new: Schema, at: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in sorted(before.keys() - after.keys()):
        yield f"{at}.{name}: was removed, so it would be dropped"
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{at}.{name}: became required"
    for name in before.keys() & after.keys():
        yield from _changes(before[name], after[name], f"{at}.{name}")


def _keys(old: Schema | None, new: Schema | None, at: str) -> Iterator[str]:
    for pattern, inner in (new or {}).items():
        if pattern in (old or {}):
            yield from _changes((old or {})[pattern], inner, f"{at}.*")
        else:
            yield f"{at}: names must match {pattern}, which was not asked before"


def _bound(
    old: Schema, new: Schema, at: str, names: tuple[str, ...], narrower: Callable[[float, float], bool]
) -> Iterator[str]:
    for name in names:
        if name in new and (name not in old or narrower(old[name], new[name])):
            yield f"{at}: {name} went from {old.get(name, 'none')} to {new[name]}"
