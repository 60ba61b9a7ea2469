"""``ressenti worker``: folds its share of Kafka's log into PostgreSQL; run as many as there are cores to spare."""

from typing import Annotated

import typer

from models.errors import RefusedToStart
from web.cli.opening import settings_of


def worker(
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65_535,
            help="Port of /livez, /readyz and /metrics (RESSENTI_WORKER_PORT; default 8001); 0 takes a free one.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Fold what the collectors sent to Kafka, and do what is to be done every so often; until interrupted.

    Where is what, the environment says: RESSENTI_KAFKA_BOOTSTRAP, RESSENTI_DATABASE_URL, RESSENTI_SECRET_FILE.
    """
    settings = settings_of(None, quiet=False)
    try:
        from web.worker.running import run
    except ModuleNotFoundError as missing:
        raise RefusedToStart(f"{missing.name} is not installed; run: pip install 'ressenti[cluster]'") from None
    run(settings if port is None else settings.model_copy(update={"worker_port": port}))
