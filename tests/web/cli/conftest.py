"""A filled data folder to run commands on, made once and copied for each test."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from streams.bootstrap import opened
from streams.settings import read
from tests.web import houses
from tests.web.houses import NOW, Clock
from web.cli.main import run


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said where."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def filled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "data"
    with opened(read({}, data=folder, partitions=2), Clock(NOW)) as house, house.leading():
        houses.fill(house)
    return folder


@pytest.fixture
def folder(filled_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled_folder, tmp_path / "data"))


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return how to run a command, wide enough that no word is wrapped."""
    monkeypatch.setenv("COLUMNS", "400")

    def run_it(*arguments: object) -> Ran:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    yield run_it
    structlog.reset_defaults()  # a command sets logging up for its own standard error
