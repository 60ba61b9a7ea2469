"""Scenes: what an event says besides itself: who sent it, from where in the service, and what kind of customer.

A stream's places and segments are few and come back with every event: each is judged, put in order and interned once.
Which field has which pattern is in ``bounds``.
"""

from functools import lru_cache
from sys import intern
from typing import Final

from models.facts import Segment
from models.interactions.common import OTHER, Interaction
from models.interactions.derivation import forms_of
from models.interactions.envelope import CloudEvent

FIELDS: Final = frozenset({"source", "datacontenttype", "touchpoint", "channel", "segment"})
"""The fields whose forms are seen to here."""
_FORMS: Final = dict(forms_of(CloudEvent.model_fields) + forms_of(Interaction.model_fields))


@lru_cache(maxsize=4096)
def place_of(
    source: str, media: str | None, touchpoint: str | None = None, channel: str | None = None
) -> tuple[str, str, str]:
    """Return source, touchpoint and channel as facts have them; ``ValueError`` when one has not its form."""
    given = {"source": source, "datacontenttype": media, "touchpoint": touchpoint, "channel": channel}
    for field, text in given.items():
        if text is not None:
            _FORMS[field].hold(text)
    # Scopes are looked up by these names for every event: interned, they are hashed once.
    return intern(source), intern(touchpoint or OTHER), intern(channel or OTHER)


@lru_cache(maxsize=4096)
def segment_of(*texts: str) -> Segment:
    """Return the segment of ``texts``, its names and then their values; ``ValueError`` when a name has not its form.

    One and the same tuple for equal texts. They are flat, since pairs take twice as long to look up.
    """
    names, values = texts[: len(texts) // 2], texts[len(texts) // 2 :]
    _FORMS["segment"].hold(names)
    return tuple(sorted(zip(names, values, strict=True)))
