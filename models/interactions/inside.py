"""The inside: the team lives the experience itself, and employees speak."""

from typing import ClassVar, Literal

from pydantic import Field

from models.facts import InsideFact
from models.interactions.bounds import Ratio, Verbatim, basis_points
from models.interactions.common import Head, Interaction, Words


class Inside(Interaction):
    """What a walk-through and an employee's voice share; not a type of its own."""

    KIND: ClassVar[Literal["walkthrough", "staff_voice"]]

    rating: Ratio | None = Field(default=None, description="From 0, worst, to 1, best.")
    verbatim: Verbatim | None = Field(default=None, description="What was lived or said, redacted.")

    def fact(self, head: Head) -> InsideFact:
        """Return its fact."""
        return InsideFact(*head, self.KIND, None if self.rating is None else basis_points(self.rating))

    def words(self) -> Words | None:
        """Return what was said."""
        rating = None if self.rating is None else basis_points(self.rating)
        return Words(self.KIND, rating, None, self.verbatim) if self.verbatim else None


class Walkthrough(Inside):
    """The team went through the experience as a customer does."""

    TYPE: ClassVar[str] = "ressenti.walkthrough"
    KIND: ClassVar[Literal["walkthrough", "staff_voice"]] = "walkthrough"


class StaffVoice(Inside):
    """An employee says what they see."""

    TYPE: ClassVar[str] = "ressenti.staff.voice"
    KIND: ClassVar[Literal["walkthrough", "staff_voice"]] = "staff_voice"
