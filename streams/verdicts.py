"""What the collector says of each event it is given."""

from dataclasses import dataclass
from typing import Literal

from models.errors import Fault

Status = Literal["accepted", "duplicate", "rejected"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One event's fate; a rejected one says what is wrong with which field, and how to mend it."""

    status: Status
    id: str | None
    source: str | None
    fault: Fault | None = None

    def as_json(self) -> dict[str, str | None]:
        """Return it the way the HTTP interface shows it."""
        shown: dict[str, str | None] = {"status": self.status, "id": self.id, "source": self.source}
        if self.fault is not None:
            shown |= {
                "code": self.fault.code,
                "field": self.fault.field,
                "fault": self.fault.fault,
                "remedy": self.fault.remedy,
            }
        return shown
