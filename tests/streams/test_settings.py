"""Settings: read once, checked whole, documented by themselves."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from models.errors import RefusedToStart
from streams.settings import FORMS, Settings, read, secret, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_documented_table_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == table(), "write it anew: ressenti config --table > docs/settings.md"


def test_names_come_from_the_environment_and_the_command_line_wins() -> None:
    settings = read({"RESSENTI_PORT": "9000", "RESSENTI_HOST": "0.0.0.0", "HOME": "/x"}, port=9001, host=None)  # noqa: S104
    assert (settings.port, settings.host) == (9001, "0.0.0.0")  # noqa: S104


def test_an_unknown_name_is_refused_and_named() -> None:
    with pytest.raises(RefusedToStart, match=r"RESSENTI_PROT.*docs/settings\.md"):
        read({"RESSENTI_PROT": "1"})


def test_names_of_the_test_suite_are_let_pass() -> None:
    assert read({"RESSENTI_TEST_POSTGRES": "postgresql://…"}) == Settings()


@pytest.mark.parametrize(("name", "value"), [("PORT", "70000"), ("PARTITIONS", "0"), ("LOG_LEVEL", "loud")])
def test_a_wrong_value_is_refused_with_its_name(name: str, value: str) -> None:
    with pytest.raises(RefusedToStart, match=f"RESSENTI_{name}: .*{value}"):
        read({f"RESSENTI_{name}": value})


def patterned() -> list[str]:
    return [
        name
        for name, field in Settings.model_fields.items()
        if any(getattr(rule, "pattern", None) for rule in field.metadata) or "pattern" in repr(field.annotation)
    ]


@pytest.mark.parametrize("name", patterned())
def test_what_has_a_wrong_form_is_refused_with_how_to_write_it_and_without_a_regular_expression(name: str) -> None:
    with pytest.raises(RefusedToStart) as why:
        read({f"RESSENTI_{name.upper()}": "no: form,\x01"})
    said = str(why.value)
    assert said.startswith(f"RESSENTI_{name.upper()}: not written as it must be")
    assert "; write " in said
    assert not set("^$\\") & set(said.replace("\\x01", ""))


def test_how_addresses_are_written_is_a_way_that_is_taken() -> None:
    assert {"kafka_bootstrap", "database_url", "webhook_url"} <= set(patterned())
    for name in ("kafka_bootstrap", "database_url", "webhook_url"):
        shown = FORMS[name].removeprefix("write it like ").partition(",")[0]
        assert getattr(read({f"RESSENTI_{name.upper()}": shown}), name) == shown


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1


def test_secrets_come_from_private_files_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with pytest.raises(RefusedToStart, match="No such file"):
        secret(path)
    path.write_text("  ")
    path.chmod(0o600)
    with pytest.raises(RefusedToStart, match="is empty"):
        secret(path)
    path.write_bytes(b"\xb0\xff raw bytes")
    with pytest.raises(RefusedToStart, match="no text; write the secret in it as text, random bytes in hex"):
        secret(path)
    path.write_text("s3cret\n")
    path.chmod(0o644)
    with pytest.raises(RefusedToStart, match="chmod 600"):
        secret(path)
    path.chmod(0o600)
    kept = secret(path)
    assert kept is not None
    assert kept.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(kept)
    assert secret(None) is None


def test_what_a_container_is_given_may_be_readable_in_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.settings.CONTAINER_SECRETS", tmp_path / "run")
    path = tmp_path / "run" / "key"
    path.parent.mkdir()
    path.write_text("s3cret")
    path.chmod(0o444)
    kept = secret(path)
    assert kept is not None
    assert kept.get_secret_value() == "s3cret"
