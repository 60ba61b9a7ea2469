"""``ressenti worker``: folds its share of Kafka's log into PostgreSQL; run as many as there are cores to spare."""

from typing import Annotated

import typer

from models.errors import RefusedToStart
from web.cli.opening import DataOption, settings_of


def worker(
    data: DataOption = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port of /livez, /readyz and /metrics; 0 takes a free one.")
    ] = None,
) -> None:
    """Fold what the collectors sent to Kafka, and do what is to be done every so often; until interrupted."""
    settings = settings_of(data, quiet=False)
    try:
        from web.worker.running import run
    except ModuleNotFoundError as missing:
        raise RefusedToStart(f"{missing.name} is not installed; run: pip install 'ressenti[cluster]'") from None
    run(settings if port is None else settings.model_copy(update={"worker_port": port}))
