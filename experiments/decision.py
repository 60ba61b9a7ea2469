"""What the gap's owner decides after a verdict, and the written learning without which nothing goes on."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from models.identifiers import Millis

Choice = Literal["adopt", "adapt", "abandon"]

SHORTEST_LEARNING = 20
"""Characters; shorter than this nobody has written what was learnt."""


class Learning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known now that was not known before, in words; what to try next, if anything."""

    text: str
    next_idea: str = ""
    tags: tuple[str, ...] = ()


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Adopt, adapt or abandon; ``recheck`` is when a provisional adoption (grade C) must be looked at again."""

    choice: Choice
    by: str
    at: Millis
    recheck: Millis | None = None


def missing_from(learning: Learning | None, hypothesis: str) -> Iterator[str]:
    """Yield what a learning lacks.

    >>> list(missing_from(Learning("ok"), ""))
    ['the learning is too short to teach anybody: write in a sentence what is known now']
    """
    text = learning.text.strip() if learning is not None else ""
    if not text:
        yield "no learning is written: say what is known now that was not known before"
    elif len(text) < SHORTEST_LEARNING:
        yield "the learning is too short to teach anybody: write in a sentence what is known now"
    elif text == hypothesis.strip():
        yield "the learning only repeats the hypothesis: say what the evaluation taught"
