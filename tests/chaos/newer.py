"""A ``ressenti`` of the next version: its customers' rows carry a higher format number and one field more at the end.

``CHAOS_STATE_FORMAT`` says which number. Rows are arrays, so that a format may only grow at the end: the version
before reads past what it does not know. Everything else is this version's.
"""

import os
import sys

import msgspec

from models import customers

_encode = msgspec.msgpack.Encoder().encode


def pack(state: customers.CustomerState) -> bytes:
    """Return ``state`` as the next version's bytes."""
    _, *fields = msgspec.structs.astuple(state)
    number = int(os.environ["CHAOS_STATE_FORMAT"])
    return _encode([number, *fields, {"since": number}])


def main() -> None:
    """Run the command line with rows of the next format."""
    customers.pack = pack  # before anything that takes it by name is imported
    from web.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
