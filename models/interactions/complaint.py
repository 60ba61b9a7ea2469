"""A complaint: the customer said so to us."""

from typing import ClassVar

from pydantic import Field

from models.facts import ComplaintFact
from models.interactions.bounds import Identifier, Verbatim
from models.interactions.common import Head, Interaction, Words


class Complaint(Interaction):
    """The customer complained."""

    TYPE: ClassVar[str] = "ressenti.complaint"

    complaint: Identifier = Field(description="The complaint.")
    contact: Identifier | None = Field(default=None, description="The contact it is about.")
    verbatim: Verbatim | None = Field(default=None, description="The complaint's words, redacted.")

    def fact(self, head: Head) -> ComplaintFact:
        """Return the complaint's fact."""
        return ComplaintFact(*head, self.complaint, self.contact)

    def words(self) -> Words | None:
        """Return the complaint's words."""
        return Words("complaint", None, None, self.verbatim) if self.verbatim else None
