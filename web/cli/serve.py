"""``ressenti serve``: the collector, the engine and the pages in one process."""

from typing import Annotated

import typer

from models.errors import RefusedToStart
from streams.bootstrap import opened
from web.app import serve as serve_house
from web.cli.opening import DataOption, settings_of
from web.cli.output import say
from web.security import check_address


def serve(
    data: DataOption = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = None,
    behind_proxy: Annotated[
        bool | None,
        typer.Option("--behind-proxy", help="A proxy of yours stands in front and lets in only whom it should."),
    ] = None,
) -> None:
    """Take events, fold them, show the pages; until interrupted."""
    settings = settings_of(data, host, port, behind_proxy, quiet=False)
    check_address(settings)
    if settings.database_url is not None and settings.kafka_bootstrap is None:
        raise RefusedToStart(
            "RESSENTI_DATABASE_URL is set and RESSENTI_KAFKA_BOOTSTRAP is not: events would have nowhere to go; "
            "set both, or neither to keep everything in a data folder"
        )
    with opened(settings) as house, house.running():
        serve_house(house, settings.host, settings.port, lambda address: say(f"Ressenti listens on {address}"))
