"""What a command's exit code says, and how an error becomes one.

=== =====================================================================
0   done
1   done, and the answer is no: ``verify`` found differences, a check failed
2   the command, an option or an input cannot be used; nothing was changed
3   refused to start: settings, folder, log or schema are wrong
4   the world is not ready (database busy, disk full); try again
70  an error of ours; please report it
130 interrupted by the keyboard
=== =====================================================================
"""

from enum import IntEnum

from models.errors import InvalidInput, RefusedToStart, RessentiError, Retryable


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    NO = 1
    UNUSABLE = 2
    REFUSED = 3
    NOT_READY = 4
    OURS = 70
    INTERRUPTED = 130


EPILOG = "Exit codes: 0 done, 1 the answer is no, 2 unusable input, 3 refused to start, 4 not ready, 70 our error."


def exit_of(error: RessentiError) -> Exit:
    """Return the exit code that ``error`` asks for."""
    if isinstance(error, InvalidInput):
        return Exit.UNUSABLE
    if isinstance(error, RefusedToStart):
        return Exit.REFUSED
    if isinstance(error, Retryable):
        return Exit.NOT_READY
    return Exit.OURS
