"""A real server in a thread, with the engine running, for what a client inside the process cannot see."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from streams.bootstrap import House
from web.app import server_of

PATIENCE_S = 30.0
TRIES = 1_500


@contextmanager
def serving(house: House) -> Iterator[str]:
    """Yield the address at which ``house`` is served, folding; stops both at the end."""
    server = server_of(house, "127.0.0.1", 0)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), name="server")
    with house.running():
        thread.start()
        try:
            for _ in range(TRIES):
                if server.started:
                    break
                threading.Event().wait(0.02)
            yield server.address
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "the server does not stop"
