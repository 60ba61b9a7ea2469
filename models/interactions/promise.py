"""A promise: something said to be done by a time, kept or broken."""

from typing import ClassVar

from pydantic import Field

from models import instants
from models.facts import PromiseFact
from models.interactions.bounds import Breach, Identifier, Instant, Sentence
from models.interactions.common import Head, Interaction, moment_or_none


class Promise(Interaction):
    """One message about one promise; a later one with the same ``promise`` replaces it."""

    TYPE: ClassVar[str] = "ressenti.promise"

    promise: Identifier = Field(description="The promise.")
    contact: Identifier | None = Field(default=None, description="The contact in which it was made.")
    due: Instant = Field(description="By when.")
    done: Instant | None = Field(default=None, description="When it was kept.")
    broken: bool | None = Field(default=None, description="It was given up; absent: false.")
    what: Sentence | None = Field(default=None, description="What was promised.")

    def check(self) -> None:
        """Refuse a promise both kept and given up."""
        if self.broken and self.done is not None:
            raise Breach("contradiction", "the promise is both done and broken", "send one of the two", "data.broken")

    def fact(self, head: Head) -> PromiseFact:
        """Return the promise's fact."""
        due, done = instants.bounded(self.due), moment_or_none(self.done)
        return PromiseFact(*head, self.promise, self.contact, due, done, self.broken is True)
