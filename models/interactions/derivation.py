"""Derivation: msgspec structs made from the pydantic models, so that the contract is written once.

Types, bounds, defaults and methods are all read from the models. A kind of constraint that is not known here is an
error at import, never a bound silently lost.
"""

import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import annotated_types
import msgspec
from pydantic import AfterValidator, BaseModel, BeforeValidator, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic.fields import FieldInfo

from models.interactions.bounds import LINES, ONE_LINE
from models.interactions.forms import Form, Forms

METHODS: Final = ("check", "fact", "words", "TYPE", "KIND")
"""What a derived struct takes over from its model besides the fields."""
WITHOUT_CONTROLS: Final = frozenset({ONE_LINE, LINES})
"""Patterns that bytes without backslash, DEL and non-ASCII characters meet by themselves."""
PLAIN: Final = frozenset({str, int, float, bool, type(None)})
SPOKEN: Final = (AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema)
"""Metadata that bounds no type: what validators check, ``fact`` checks again as it converts."""


def struct_of(model: type[BaseModel], *, clean: bool = False, tolerant: bool = False) -> type[msgspec.Struct]:
    """Return the struct that decodes what ``model`` accepts.

    ``clean``: the bytes are known to hold no control characters, whose patterns are left out; all other patterns are
    left to whoever reads the struct, who must hold it to ``forms_of`` its fields. ``tolerant``: fields that the model
    does not know are passed over instead of refused. A ``type: Literal`` field becomes the struct's tag.
    """
    fields = dict(model.model_fields)
    tag = get_args(fields["type"].annotation)[0] if "type" in fields else None
    if tag is not None:
        del fields["type"]
    return msgspec.defstruct(
        model.__name__,
        [_field(name, info, clean=clean, tolerant=tolerant) for name, info in fields.items()],
        namespace={name: getattr(model, name) for name in METHODS if hasattr(model, name)},
        module=__name__,
        tag=tag,
        tag_field="type" if tag else None,
        forbid_unknown_fields=not tolerant,
        omit_defaults=True,
        kw_only=True,
        frozen=True,
        gc=False,
    )


def _field(name: str, info: FieldInfo, *, clean: bool, tolerant: bool) -> tuple[str, Any] | tuple[str, Any, Any]:
    kind = _bounded(_type(info.annotation, clean=clean, tolerant=tolerant), info.metadata, clean=clean)
    if info.is_required():
        return (name, kind)
    if info.default is not None:
        raise TypeError(f"{name}: an optional field of the contract defaults to None, which null also means")
    return (name, kind, None)


def _type(annotation: Any, *, clean: bool, tolerant: bool) -> Any:  # noqa: ANN401 - annotations have no static type
    if annotation in PLAIN or get_origin(annotation) is Literal:
        return annotation
    if annotation is datetime:
        return Annotated[datetime, msgspec.Meta(tz=True)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return struct_of(annotation, clean=clean, tolerant=tolerant)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bounded(_type(args[0], clean=clean, tolerant=tolerant), args[1:], clean=clean)
    inner = tuple(_type(arg, clean=clean, tolerant=tolerant) for arg in args)
    if origin in {Union, types.UnionType}:
        return Union[inner]  # noqa: UP007 - built from a tuple
    if origin in {list, dict}:
        return origin[inner]
    raise TypeError(f"{annotation!r}: no struct can be derived from it")


def _bounded(kind: Any, metadata: Any, *, clean: bool) -> Any:  # noqa: ANN401 - annotations have no static type
    bounds = {name: value for meta in metadata for name, value in _bounds(meta) if value is not None}
    pattern = bounds.pop("pattern", None)
    if pattern is not None and not clean:
        bounds["pattern"] = _whole(pattern)
    return Annotated[kind, msgspec.Meta(**bounds)] if bounds else kind


def _whole(pattern: str) -> str:
    return pattern.removesuffix("$") + r"\Z"  # in Python "$" also matches before a last line break


def forms_of(fields: Mapping[str, FieldInfo]) -> Forms:
    """Return the fields whose texts (or whose keys, of an object) have a pattern that clean bytes may break."""
    found = ((name, _pattern(info.annotation, info.metadata)) for name, info in fields.items())
    return tuple((name, Form(_whole(pattern))) for name, pattern in found if pattern is not None)


def _pattern(annotation: Any, metadata: Any = ()) -> str | None:  # noqa: ANN401 - annotations have no static type
    """Return the one pattern within ``annotation`` that must be looked at; raises ``TypeError`` when there are two."""
    found = {value for meta in metadata for name, value in _bounds(meta) if name == "pattern" and value is not None}
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        found.add(_pattern(args[0], args[1:]))
    elif origin in {Union, types.UnionType, list, dict}:
        found |= {_pattern(arg) for arg in args}
    found -= {None, *WITHOUT_CONTROLS}
    if len(found) > 1 or (found and origin is list):
        raise TypeError(f"{annotation!r}: more patterns than the fast decoder can look at")
    return next(iter(found), None)


def _bounds(meta: object) -> Iterator[tuple[str, Any]]:
    match meta:
        case FieldInfo():
            for inner in meta.metadata:
                yield from _bounds(inner)
        case StringConstraints():
            yield from (("min_length", meta.min_length), ("max_length", meta.max_length), ("pattern", meta.pattern))
        case annotated_types.Ge():
            yield ("ge", meta.ge)
        case annotated_types.Le():
            yield ("le", meta.le)
        case annotated_types.MinLen():
            yield ("min_length", meta.min_length)
        case annotated_types.MaxLen():
            yield ("max_length", meta.max_length)
        case _ if isinstance(meta, SPOKEN) or vars(meta) == {"allow_inf_nan": False}:
            return  # JSON knows neither infinities nor NaN
        case _:
            raise TypeError(f"{meta!r}: a constraint that the fast decoder does not know")
