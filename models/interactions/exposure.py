"""An exposure: a customer met an arm of an experiment."""

from typing import ClassVar

from pydantic import Field

from models.facts import ExposureFact
from models.interactions.bounds import Identifier, Slug
from models.interactions.common import Head, Interaction


class Exposure(Interaction):
    """The moment from which a unit counts."""

    TYPE: ClassVar[str] = "ressenti.exposure"

    experiment: Identifier = Field(description="The experiment.")
    arm: Slug = Field(description="The arm the customer met.")

    def fact(self, head: Head) -> ExposureFact:
        """Return the exposure's fact."""
        return ExposureFact(*head, self.experiment, self.arm)
