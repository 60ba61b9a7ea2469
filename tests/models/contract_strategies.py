"""Events for the contract's tests: valid ones read off the models, and what the world makes of them."""

import json
import math
import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from hypothesis import strategies as st
from pydantic import StringConstraints
from pydantic.fields import FieldInfo

from models.interactions import EVENTS, TYPES
from models.interactions.bounds import CURRENCY, LANGUAGE, LINES, ONE_LINE, SLUG, URI_REFERENCE
from models.pseudonyms import PATTERN

Tree = dict[str, Any]

SUBJECT = "p1_psxo37a3h3medhe4o4pdtnz5nqz4akpb"


@dataclass(frozen=True)
class Raw:
    """A literal that no JSON library would write."""

    text: str


@dataclass(frozen=True)
class Pairs:
    """An object whose keys may repeat."""

    pairs: tuple[tuple[str, Any], ...]


def event(kind: str, data: Mapping[str, object], **attributes: object) -> Tree:
    """Return an event of ``kind`` that is in order."""
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/crm",
        "type": f"ressenti.{kind}",
        "time": "2026-11-23T12:30:00.123+01:00",
        "subject": SUBJECT,
        "data": dict(data),
        **attributes,
    }


def render(tree: Any) -> bytes:  # noqa: ANN401 - JSON, and worse
    """Return ``tree`` as JSON text, literals and repeated keys included."""
    return _text(tree).encode("utf-8", "surrogatepass")


def _text(tree: Any) -> str:  # noqa: ANN401 - JSON, and worse
    match tree:
        case Raw(text):
            return text
        case Pairs(pairs):
            return "{" + ",".join(f"{_text(name)}:{_text(value)}" for name, value in pairs) + "}"
        case dict():
            return _text(Pairs(tuple(tree.items())))
        case list():
            return "[" + ", ".join(map(_text, tree)) + "]"
        case _:
            return json.dumps(tree, ensure_ascii=False)


MINIMAL: dict[str, Tree] = {
    "contact": {"contact": "c-1", "phase": "queued"},
    "promise": {"promise": "p-1", "due": "2026-12-01T08:00:00Z"},
    "incident": {"incident": "i-1", "severity": "outage"},
    "asked": {"survey": "s-1", "instrument": "nps"},
    "answer": {"instrument": "csat", "value": 4},
    "voice": {"post": "v-1"},
    "complaint": {"complaint": "k-1"},
    "recovery": {"recovery": "r-1", "act": "refund"},
    "purchase": {},
    "renewal": {},
    "departure": {},
    "referral": {},
    "walkthrough": {},
    "staff.voice": {},
    "exposure": {"experiment": "x-1", "arm": "a"},
}
"""The least that each type must say."""

_printable = st.characters(exclude_categories=("Cc", "Cs"))
_lines = st.one_of(_printable, st.sampled_from("\t\n\r"))
_TEXTS: dict[str, st.SearchStrategy[str]] = {
    SLUG: st.sampled_from(("chat", "0", "a.b-c_1", "s" * 64)),
    PATTERN: st.just(SUBJECT),
    URI_REFERENCE: st.sampled_from(("/crm", "urn:x:1", "https://a.b/c?d=e#f", "%41(!$&'*+,;=@[]~_-)", "s" * 128)),
    LANGUAGE: st.sampled_from(("fr", "en-GB", "zh-Hant-TW")),
    CURRENCY: st.sampled_from(("EUR", "USD")),
    ONE_LINE: st.text(_printable, min_size=1, max_size=5),
    LINES: st.text(_lines, max_size=8),
}
_MEDIA = st.sampled_from(("application/json", "application/cloudevents+json", "application/json; charset=utf-8"))
_ZONES = st.sampled_from(("Z", "+01:00", "-09:30", "+0530"))
moments = st.builds(
    lambda at, fraction, zone: f"{at:%Y-%m-%dT%H:%M:%S}{fraction}{zone}",
    st.datetimes(datetime(2001, 1, 1), datetime(2100, 6, 1)),  # noqa: DTZ001 - the zone is drawn apart
    st.sampled_from(("", ".5", ".123", ".999999", ".1234567")),
    _ZONES,
)
_amounts = st.one_of(
    st.integers(-(10**9), 10**9),
    st.integers(-(10**11), 10**11).map(lambda hundredths: hundredths / 100),
)


@cache
def events() -> st.SearchStrategy[Tree]:
    """Return events of every type, nearly always valid."""
    return st.one_of([_object(model.model_fields) for model in EVENTS.values()])


def _object(fields: Mapping[str, FieldInfo]) -> st.SearchStrategy[Tree]:
    return st.fixed_dictionaries(
        {name: _field(name, info) for name, info in fields.items() if info.is_required()},
        optional={name: _field(name, info) for name, info in fields.items() if not info.is_required()},
    )


def _field(name: str, info: FieldInfo) -> st.SearchStrategy[Any]:
    if name == "amount":
        return st.one_of(st.none(), _amounts)
    return _value(info.annotation, tuple(info.metadata))


def _value(annotation: Any, metadata: tuple[Any, ...]) -> st.SearchStrategy[Any]:  # noqa: ANN401, PLR0911 - one way out per type
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(args[0], args[1:])
    if origin is Literal:
        return st.sampled_from(args)
    if origin in {Union, types.UnionType}:
        return st.one_of([_value(arg, ()) for arg in args])
    if origin is list:
        return st.lists(_value(args[0], ()), max_size=4)
    if origin is dict:
        return st.dictionaries(_value(args[0], ()), _value(args[1], ()), max_size=3)
    if hasattr(annotation, "model_fields"):
        return _object(annotation.model_fields)
    return _plain(annotation, metadata)


def _plain(annotation: Any, metadata: tuple[Any, ...]) -> st.SearchStrategy[Any]:  # noqa: ANN401 - a type
    if annotation is str:
        text = next(meta for meta in _flat(metadata) if isinstance(meta, StringConstraints))
        return _TEXTS.get(str(text.pattern), _MEDIA)
    low, high = _bounds(metadata)
    if annotation is int:
        return st.integers(int(low), int(high))
    if annotation is float:
        return st.one_of(st.floats(low, high), st.sampled_from((0, 1)))
    return {bool: st.booleans(), datetime: moments, type(None): st.none()}[annotation]


def _bounds(metadata: tuple[Any, ...]) -> tuple[float, float]:
    low, high = -math.inf, math.inf
    for meta in _flat(metadata):
        low = meta.ge if isinstance(meta, annotated_types.Ge) else low  # type: ignore[assignment]
        high = meta.le if isinstance(meta, annotated_types.Le) else high  # type: ignore[assignment]
    return low, high


def _flat(metadata: tuple[Any, ...]) -> list[Any]:
    return [inner for meta in metadata for inner in (meta.metadata if isinstance(meta, FieldInfo) else [meta])]


ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    1001,
    2_592_001,
    10**10 + 1,
    2**63,
    10**30,
    0.0,
    -0.0,
    0.5,
    1.0,
    1.5,
    12.345,
    0.1 + 0.2,
    "",
    " ",
    "a\n",
    "ok\u0000",
    "c1\u0085",
    "del\u007f",
    "É",
    "ended",
    "x" * 129,
    "x" * 501,
    "x" * 5001,
    "2026-11-23T12:30:00Z",
    "2026-11-23T12:30:00",
    "2026-11-23",
    "1999-12-31T23:59:59Z",
    "2101-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    [],
    [1.0],
    [True],
    [-1],
    list(range(21)),
    {},
    {"a": "b"},
    {"A": "b"},
    {"a": ""},
    {"a": 1},
    {f"s{n}": "v" for n in range(17)},
    Raw("NaN"),
    Raw("Infinity"),
    Raw("-Infinity"),
    Raw("1e400"),
    Raw("1e2"),
    Raw("01"),
    Raw("1" + "0" * 50),
    Raw("0.1e1"),
    Raw(r'"\ud800"'),
    Raw(r'"\ud83d\ude00"'),
    Raw(r'"\u0000"'),
    Raw(r'"\u0041"'),
    Raw("'single'"),
    Raw("nul"),
    Raw('"raw\ttab"'),
    Raw('"half \udc80"'),
)
"""What fields are given in the world: wrong types, edges, literals that are no JSON."""


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Any, bool]:
    """Return an event with up to three things changed, and whether a key repeats in it."""
    tree: Any = draw(events())
    repeats = False
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(("envelope", "data")))
        inside = tree["data"] if place == "data" else tree
        if not isinstance(inside, dict):
            continue
        name = draw(st.sampled_from(sorted(_names(tree, place))))
        match draw(st.sampled_from(("set", "drop", "repeat", "reorder", "stranger"))):
            case "drop" if name != "data":
                inside.pop(name, None)
            case "reorder":
                _reorder(inside, draw(st.permutations(list(inside))))
            case "stranger":
                inside[draw(st.sampled_from(("foo", "traceparent", "Data", "")))] = draw(st.sampled_from(ODD))
            case "repeat" if place == "data":
                extra = (name, draw(st.sampled_from(ODD)))
                pairs = tuple(inside.items())
                tree["data"] = Pairs((extra, *pairs) if draw(st.booleans()) else (*pairs, extra))
                repeats = True
            case _:
                inside[name] = draw(st.sampled_from(ODD))
    return tree, repeats


def _names(tree: Tree, place: str) -> set[str]:
    model = EVENTS.get(tree["type"]) if isinstance(tree.get("type"), str) else None
    if place == "envelope" or model is None:
        return set(next(iter(EVENTS.values())).model_fields)
    return set(TYPES[tree["type"]].model_fields)


def _reorder(inside: Tree, order: list[str]) -> None:
    for name in order:
        inside[name] = inside.pop(name)
