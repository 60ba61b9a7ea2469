"""The worker's port, served from a thread beside the worker, which has its own event loop."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from streams.settings import Settings
from streams.worker.worker import Worker
from web.app import listening
from web.worker.endpoints import worker_app

STOP_SECONDS = 3.0


@contextmanager
def told_of(worker: Worker, settings: Settings) -> Iterator[str]:
    """Serve the health and the metrics of ``worker`` until the block ends; yields the address.

    Raises ``RefusedToStart`` when the address cannot be had.
    """
    socket = listening(settings.host, settings.worker_port)
    host, port = socket.getsockname()[:2]
    app = worker_app(worker, any_host=settings.behind_proxy)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([socket],), name="worker-port", daemon=True)
    thread.start()
    try:
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)
        socket.close()
