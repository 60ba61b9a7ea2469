"""A house in a folder of its own under a clock the test moves, and a client on the same machine."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import Client

from streams.bootstrap import House, opened
from streams.settings import Settings, read
from tests.web.asking import asking
from tests.web.houses import NOW, Clock
from web.app import create_app


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder whose files were made once; tests copy it, since making tables takes its time."""
    folder = tmp_path_factory.mktemp("empty") / "data"
    with opened(read({}, data=folder, partitions=2), Clock(NOW)):
        pass
    return folder


@pytest.fixture
def settings(empty_folder: Path, tmp_path: Path) -> Settings:
    folder = tmp_path / "data"
    shutil.copytree(empty_folder, folder)
    return read({}, data=folder)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def house(settings: Settings, clock: Clock) -> Iterator[House]:
    with opened(settings, clock) as made:
        yield made


@pytest.fixture
def client(house: House) -> Iterator[Client]:
    with asking(create_app(house)) as made:
        yield made
