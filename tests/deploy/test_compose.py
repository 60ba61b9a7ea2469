"""The Compose file: valid by its specification's own schema, and naming only commands, settings and files that exist.

``schemas/compose-spec.json`` is the Compose Specification's schema, Apache-2.0, The Compose Specification Authors.
No container engine runs it here.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from jsonschema import Draft7Validator

from streams.settings import Settings
from web.cli.main import application

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose"
SCHEMA = Path(__file__).parent / "schemas" / "compose-spec.json"
OURS = "ressenti"

Document = dict[str, Any]


@pytest.fixture(scope="module")
def compose() -> Document:
    document: Document = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
    return document


def ours(compose: Document) -> Iterator[tuple[str, Document]]:
    return ((name, each) for name, each in compose["services"].items() if each["image"] == OURS)


def test_the_specification_finds_nothing_to_say(compose: Document) -> None:
    Draft7Validator(json.loads(SCHEMA.read_text())).validate(compose)


def test_every_part_that_a_company_needs_is_there(compose: Document) -> None:
    parts = {"kafka", "postgres", "collector", "worker", "web", "prometheus", "grafana"}
    assert parts <= set(compose["services"])
    assert compose["services"]["worker"]["deploy"]["replicas"] == 2


def test_each_command_exists_with_the_options_it_is_given(compose: Document) -> None:
    for name, service in ours(compose):
        words = service["command"]
        command: Any = typer.main.get_command(application(words))
        for word in words:
            if hasattr(command, "commands"):
                command = command.commands[word]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, name


def test_each_setting_exists(compose: Document) -> None:
    names = {f"RESSENTI_{name.upper()}" for name in Settings.model_fields}
    for name, service in ours(compose):
        given = set(service["environment"])
        assert given, name
        assert given <= names, name


def test_secrets_are_declared_and_made(compose: Document, tmp_path: Path) -> None:
    shutil.copy(COMPOSE / "secrets.sh", tmp_path)
    subprocess.run(["/bin/sh", str(tmp_path / "secrets.sh")], check=True)  # noqa: S603 - a script of ours
    made = {name: (tmp_path / each["file"]).read_text() for name, each in compose["secrets"].items()}
    assert all(len(text) == 64 for text in made.values())
    subprocess.run(["/bin/sh", str(tmp_path / "secrets.sh")], check=True)  # noqa: S603 - a second run keeps them
    assert {name: (tmp_path / each["file"]).read_text() for name, each in compose["secrets"].items()} == made
    used = {name for service in compose["services"].values() for name in service.get("secrets", ())}
    assert used == set(compose["secrets"])


def test_files_that_are_mounted_or_built_from_exist(compose: Document) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (COMPOSE / source).exists(), source
            else:
                assert source in compose["volumes"]
    build = compose["x-ressenti"]["build"]
    assert (COMPOSE / build["context"] / build["dockerfile"]).is_file()


def test_the_image_copies_every_room_that_is_installed() -> None:
    steps = (ROOT / "deploy" / "image" / "Containerfile").read_text()
    for room in ("models", "experiments", "store", "streams", "web", "demo"):
        assert f"COPY {room} {room}\n" in steps


def test_ports_are_open_to_this_machine_only(compose: Document) -> None:
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
