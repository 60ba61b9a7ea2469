"""Every error of ours, in one tree; the class says how the caller must react.

::

    RessentiError
    ├── RejectedEvent        dead-letter this record, go on
    ├── InvalidInput         tell the person who gave it, change nothing
    │   ├── NotFound
    │   └── Forbidden        a rule of the experiment loop, or a missing right
    ├── Retryable            wait and try again: the world may recover
    │   ├── StoreBusy
    │   └── StoreFull
    ├── RowRefused           the database refuses a value: refold by halves, dead-letter the culprit
    ├── Fenced               another writer owns this partition now: roll back, read again
    ├── RefusedToStart       settings, log or schema are wrong: stop before doing harm
    │   ├── LogChanged
    │   └── SchemaMismatch
    └── InvariantBroken      a bug of ours: crash, loudly
"""

from dataclasses import dataclass


class RessentiError(Exception):
    """Anything Ressenti raises on purpose; its text says what to do."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field of an input, and how to mend it.

    ``code`` is a stable short name for programs (``out_of_range``), the others are sentences for people.
    """

    code: str
    field: str
    fault: str
    remedy: str

    def __str__(self) -> str:
        """Read as one sentence: the field, what is wrong with it, and the remedy."""
        return f"{self.field}: {self.fault}; {self.remedy}"


class RejectedEvent(RessentiError):
    """One event breaks the contract; it goes to the dead letters and the rest goes on."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class InvalidInput(RessentiError):
    """What a person or program gave cannot be used; nothing was changed."""


class NotFound(InvalidInput):
    """The named thing does not exist."""


class Forbidden(InvalidInput):
    """A rule forbids this step; the text says what is missing."""


class Retryable(RessentiError):
    """The world is not ready; the same call may succeed later."""


class StoreBusy(Retryable):
    """Another process holds the database's write lock."""


class StoreFull(Retryable):
    """The disk is full; nothing was written."""


class RowRefused(RessentiError):
    """The database refuses a value in these rows, and would again; nothing was written."""


class Fenced(RessentiError):
    """The partition moved on under another writer; drop its state, read its position and epoch again."""


class RefusedToStart(RessentiError):
    """Starting would do harm; the text names the reason and the remedy."""


class LogChanged(RefusedToStart):
    """The log is not the one this store was built from, or ends before the store's position."""


class SchemaMismatch(RefusedToStart):
    """The database's schema is not the one this version needs."""


class InvariantBroken(RessentiError):
    """A promise of the code itself does not hold; report it."""
