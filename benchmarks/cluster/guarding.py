"""Seeing to it that processes of ours end with us, even where we are killed and cannot end them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

_SCRIPT = 'read -r _; kill -KILL "$1" 2>/dev/null'
"""Its standard input is ours to hold: the system closes it whatever happens to us."""


@contextmanager
def guarded(pid: int) -> Iterator[None]:
    """Have the process ``pid`` killed should this process die in the block, at the end of which ``pid`` has ended."""
    command = ["/bin/sh", "-c", _SCRIPT, "guard", str(pid)]
    # A session of its own, so that an interrupt at the keyboard reaches us and not the guard.
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as guard:  # noqa: S603 - our own words
        try:
            yield
        finally:
            guard.kill()
