"""Asked: a survey left for the customer, whether or not an answer comes."""

from typing import ClassVar

from pydantic import Field

from models.facts import AskedFact, Instrument
from models.interactions.bounds import Identifier
from models.interactions.common import Head, Interaction


class Asked(Interaction):
    """A survey was sent."""

    TYPE: ClassVar[str] = "ressenti.asked"

    survey: Identifier = Field(description="The survey as sent to this customer.")
    contact: Identifier | None = Field(default=None, description="The contact it asks about.")
    instrument: Instrument = Field(description="Which question it puts.")

    def fact(self, head: Head) -> AskedFact:
        """Return the fact that the customer was asked."""
        return AskedFact(*head, self.survey, self.contact, self.instrument)
