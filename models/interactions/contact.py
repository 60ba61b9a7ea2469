"""A contact: one conversation, told while it happens; every message carries the totals so far."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from models.facts import ContactFact, Outcome, Phase
from models.interactions.bounds import Breach, Count, Identifier, Name, Seconds
from models.interactions.common import Head, Interaction

Waits = Annotated[list[Seconds], Field(max_length=20)]


class Contact(Interaction):
    """One message about one conversation; what is absent was not observed."""

    TYPE: ClassVar[str] = "ressenti.contact"

    contact: Identifier = Field(description="The conversation; its messages replace one another.")
    phase: Phase = Field(description="Where the conversation stands now.")
    direction: Literal["inbound", "outbound"] | None = Field(default=None, description="Who began; absent: `inbound`.")
    device: Name | None = Field(default=None, description="What the customer holds: `mobile`, `desktop` …")
    waits_s: Waits | None = Field(default=None, description="Seconds waited in each queue that ended so far.")
    handling_s: Seconds | None = Field(default=None, description="Seconds somebody worked on it so far.")
    reply_delay_s: Seconds | None = Field(
        default=None, description="Seconds until the first answer to a written message."
    )
    steps_repeated: Count | None = Field(default=None, description="Steps the customer was made to do again.")
    context_lost: bool | None = Field(default=None, description="What was told before had to be told again.")
    menu_loops: Count | None = Field(default=None, description="Times the customer was sent back to a menu.")
    channel_unfit: bool | None = Field(default=None, description="The channel could not serve the need.")
    paid_line: bool | None = Field(default=None, description="The customer paid for the call.")
    cold_transfers: Count | None = Field(
        default=None, description="Transfers without a word to the customer or the colleague."
    )
    transfers_failed: Count | None = Field(default=None, description="Transfers that ended nowhere.")
    wrong_answers: Count | None = Field(default=None, description="Answers that proved wrong.")
    incident_not_told: bool | None = Field(default=None, description="A known incident was kept from the customer.")
    thanked: bool | None = Field(default=None, description="The customer thanked.")
    outcome: Outcome | None = Field(default=None, description="How it ended; only with phase `ended`.")

    def check(self) -> None:
        """Refuse an outcome before the end."""
        if self.outcome is not None and self.phase != "ended":
            raise Breach(
                "contradiction",
                f"outcome {self.outcome!r} came with phase {self.phase!r}",
                'send an outcome only with phase "ended"',
                "data.outcome",
            )

    def fact(self, head: Head) -> ContactFact:
        """Return the contact's fact."""
        own = (  # added to the head as a tuple: unpacked with it, so many are copied one by one
            self.contact,
            self.phase,
            self.direction or "inbound",
            self.device,
            None if self.waits_s is None else tuple(self.waits_s),
            self.handling_s,
            self.reply_delay_s,
            self.steps_repeated,
            self.context_lost,
            self.menu_loops,
            self.channel_unfit,
            self.paid_line,
            self.cold_transfers,
            self.transfers_failed,
            self.wrong_answers,
            self.incident_not_told,
            self.thanked,
            self.outcome,
        )
        return ContactFact(*(head + own))
