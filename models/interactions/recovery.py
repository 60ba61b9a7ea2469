"""A recovery: what we did to make good."""

from typing import ClassVar

from pydantic import Field

from models.facts import Act, RecoveryFact
from models.interactions.bounds import Amount, Identifier, hundredths
from models.interactions.common import Head, Interaction


class Recovery(Interaction):
    """One message about one act of recovery; a later one with the same ``recovery`` says it is completed."""

    TYPE: ClassVar[str] = "ressenti.recovery"

    recovery: Identifier = Field(description="The act of recovery.")
    act: Act = Field(description="What was done or offered.")
    completed: bool | None = Field(default=None, description="It is done; absent: false.")
    amount: Amount | None = Field(default=None, description="What it was worth, in the currency unit.")
    case: Identifier | None = Field(default=None, description="The case it answers.")

    def fact(self, head: Head) -> RecoveryFact:
        """Return the recovery's fact."""
        amount = None if self.amount is None else hundredths(self.amount)
        return RecoveryFact(*head, self.recovery, self.act, self.completed is True, amount, self.case)
