"""What every interaction has in common: the base of all nouns, and how one becomes a fact.

Each noun says three things once, for both decoders: its fields (from which the fast structs are derived), what
contradicts itself in them (``check``), and the fact it leaves (``fact``). The methods read attributes only, so that
they serve the pydantic models and the derived structs alike.
"""

from datetime import datetime
from typing import ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models import instants
from models.facts import AnyFact, Segment
from models.identifiers import Millis
from models.interactions.bounds import Identifier, Segments, Slug

OTHER = "other"
"""The touchpoint and channel of an interaction that names none."""


Head = tuple[Millis, str, str, int, bool, bool, str | None, str, str, str | None, Segment]
"""The fields that every fact begins with, in its order: time, source, id, content, history, alone … segment."""


class Words(NamedTuple):
    """What somebody said in their own words, with the grade they gave (0 to 10 000) when they gave one."""

    kind: str
    value: int | None
    language: str | None
    text: str


class Interaction(BaseModel):
    """The ``data`` of an event. Every optional field may be ``null``, which is the same as leaving it out."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)

    TYPE: ClassVar[str]
    """The CloudEvents ``type`` this noun travels under."""

    journey: Identifier | None = Field(default=None, description="The journey it belongs to, when the sender knows.")
    touchpoint: Slug | None = Field(default=None, description="Which part of the service; absent: `other`.")
    channel: Slug | None = Field(default=None, description="By which way: `chat`, `phone`, `shop` …; absent: `other`.")
    staff: Identifier | None = Field(
        default=None, description="Who served, as a pseudonym; for coaching, off by default."
    )
    segment: Segments | None = Field(default=None, description='The customer\'s kind, such as `{"plan": "fibre"}`.')

    def check(self) -> None:
        """Raise ``Breach`` when two fields contradict each other."""

    def fact(self, head: Head) -> AnyFact:
        """Return what the customer's row remembers of it."""
        raise NotImplementedError

    def words(self) -> Words | None:
        """Return what was said in somebody's own words, if anything was."""
        return None

    @model_validator(mode="after")
    def _checked(self) -> "Interaction":
        self.check()
        return self


def moment_or_none(at: datetime | None) -> Millis | None:
    """Return ``at`` in milliseconds; raises ``ValueError`` outside the years 2000 to 2100."""
    return None if at is None else instants.bounded(at)
