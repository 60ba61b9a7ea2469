"""An incident: the product or service failed for this customer."""

from typing import ClassVar

from pydantic import Field

from models.facts import IncidentFact, Severity
from models.interactions.bounds import Identifier, Instant
from models.interactions.common import Head, Interaction, moment_or_none


class Incident(Interaction):
    """One message about one incident; a later one with the same ``incident`` replaces it."""

    TYPE: ClassVar[str] = "ressenti.incident"

    incident: Identifier = Field(description="The incident.")
    severity: Severity = Field(description="How much of the service is gone.")
    restored: Instant | None = Field(default=None, description="When the service was back.")

    def fact(self, head: Head) -> IncidentFact:
        """Return the incident's fact."""
        return IncidentFact(*head, self.incident, self.severity, moment_or_none(self.restored))
