"""What no record may hold, whatever it means: figures that are no numbers, moments nobody lives, text that is none.

Asked of every plan before it is kept, draft or not: a record that cannot be read again would take the others with it.
"""

import math
from collections.abc import Iterator, Mapping

import msgspec

from models.identifiers import DAY

LARGEST = 1 << 53
"""Integers up to here survive every JSON reader."""
LATEST = 4_102_444_800_000
"""2100-01-01, in milliseconds."""
LONGEST = 3_660 * DAY
MOMENTS = frozenset({"end", "by", "at"})
LENGTHS = frozenset({"window", "pre_window", "period", "washout"})
SIZES = frozenset({"size", "worthwhile", "margin"})
SMALLEST = 1e-9
"""An effect below this is none; its square, which intervals are computed from, would leave what numbers hold."""
LONGEST_TEXT = 20_000


def wrong_in(value: object, name: str = "plan") -> Iterator[str]:
    """Yield what is wrong with a value's parts, one sentence each.

    >>> list(wrong_in({"size": math.nan, "end": -5}))
    ['size: nan is no number that can be kept', 'end: -5 is no moment between 1970 and 2100']
    """
    plain = msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value
    if isinstance(plain, Mapping):
        for key, part in plain.items():
            yield from wrong_in(part, str(key))
    elif isinstance(plain, list | tuple):
        for part in plain:
            yield from wrong_in(part, name)
    elif isinstance(plain, bool) or plain is None:
        return
    elif isinstance(plain, int | float):
        yield from _number(plain, name)
    elif isinstance(plain, str):
        yield from _text(plain, name)


def _number(number: float, name: str) -> Iterator[str]:
    if not math.isfinite(number) or abs(number) > LARGEST:
        yield f"{name}: {number:g} is no number that can be kept" if isinstance(number, float) else _too_large(name)
    elif name in MOMENTS and not 0 <= number <= LATEST:
        yield f"{name}: {number} is no moment between 1970 and 2100"
    elif name in LENGTHS and not 0 <= number <= LONGEST:
        yield f"{name}: {number} milliseconds is no length between 0 and ten years"
    elif name in SIZES and 0.0 < abs(number) < SMALLEST:
        yield f"{name}: {number:g} is too close to zero to be told from it; give {SMALLEST:g} or more"


def _too_large(name: str) -> str:
    return f"{name}: it is larger than any number that can be kept"


def _text(text: str, name: str) -> Iterator[str]:
    if len(text) > LONGEST_TEXT:
        yield f"{name}: {len(text):,} characters are too many: at most {LONGEST_TEXT:,}"
    if any(0xD800 <= ord(char) <= 0xDFFF or char == "\x00" for char in text):
        yield f"{name}: it holds characters that are no text"
