"""How a command opens the house: which data folder, and whether it may fold."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from models.errors import NotFound, RefusedToStart
from streams.bootstrap import House, opened
from streams.logging import configure
from streams.opening import address_of
from streams.settings import Settings, read
from web.cli.sharing import shared_data

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder that holds log and store (RESSENTI_DATA; default .ressenti).", show_default=False
    ),
]


def settings_of(
    data: Path | None,
    host: str | None = None,
    port: int | None = None,
    behind_proxy: bool | None = None,
    *,
    quiet: bool = True,
) -> Settings:
    """Return the settings for a command whose own ``--data`` is ``data``; else the program's; else the environment.

    A ``quiet`` command logs warnings only, unless the environment asks for more.
    """
    folder = data or shared_data.get()
    settings = read(data=folder, host=host, port=port, behind_proxy=behind_proxy)
    if folder is not None and settings.database_url is not None:
        raise RefusedToStart(
            f"--data names the data folder {folder}, but RESSENTI_DATABASE_URL a database; leave one of them out"
        )
    asked = "log_level" in settings.model_fields_set
    configure(settings if asked or not quiet else settings.model_copy(update={"log_level": "warning"}))
    return settings


@contextmanager
def house_at(data: Path | None, *, must_exist: bool = False) -> Iterator[House]:
    """Open the house of a command; with ``must_exist`` a folder without a store is an error and not made."""
    settings = settings_of(data)
    if address_of(settings) is None and must_exist and not (settings.data / "store.db").exists():
        raise NotFound(
            f"data folder {settings.data}: holds no store; name another with --data, or ingest something first"
        )
    with opened(settings) as house:
        yield house


@contextmanager
def folding(house: House) -> Iterator[None]:
    """Hold the right to fold, settle what is there, and settle again at the end."""
    with house.leading():
        house.settle()
        yield
        house.settle()
