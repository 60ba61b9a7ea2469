"""Loyalty: what the customer did in the end: bought, renewed, left, recommended."""

from typing import ClassVar

from pydantic import Field

from models.facts import Loyalty, LoyaltyFact
from models.interactions.bounds import Amount, Currency, Sentence, hundredths
from models.interactions.common import Head, Interaction


class Outcome(Interaction):
    """What the four outcomes share; not a type of its own."""

    KIND: ClassVar[Loyalty]

    amount: Amount | None = Field(default=None, description="What it was worth, in the currency unit.")
    currency: Currency | None = Field(default=None, description="The currency, as ISO 4217 names it.")
    reason: Sentence | None = Field(default=None, description="Why, as far as it is known.")

    def fact(self, head: Head) -> LoyaltyFact:
        """Return the outcome's fact."""
        amount = None if self.amount is None else hundredths(self.amount)
        return LoyaltyFact(*head, self.KIND, amount, self.currency)


class Purchase(Outcome):
    """The customer bought."""

    TYPE: ClassVar[str] = "ressenti.purchase"
    KIND: ClassVar[Loyalty] = "purchase"


class Renewal(Outcome):
    """The customer stayed when they could have left."""

    TYPE: ClassVar[str] = "ressenti.renewal"
    KIND: ClassVar[Loyalty] = "renewal"


class Departure(Outcome):
    """The customer left."""

    TYPE: ClassVar[str] = "ressenti.departure"
    KIND: ClassVar[Loyalty] = "departure"


class Referral(Outcome):
    """The customer recommended us to somebody."""

    TYPE: ClassVar[str] = "ressenti.referral"
    KIND: ClassVar[Loyalty] = "referral"
