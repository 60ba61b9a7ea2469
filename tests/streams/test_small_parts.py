"""Seen marks, secrets, joining, logging: the small parts that others stand on."""

import logging
from pathlib import Path

import msgspec
import pytest
import structlog

from models.cells import CellKey
from models.effects import Effects
from models.errors import InvariantBroken, RefusedToStart
from models.identifiers import Epoch, Millis, Offset, Partition
from models.interactions.decoding import Decoded, decode
from store.database import Store
from streams import seen
from streams.joining import joined
from streams.logging import configure
from streams.secrets import FILE, kept_key, pseudonym_key
from streams.settings import Settings
from tests.streams.events import SUBJECTS, T0, contact


def test_what_left_is_recalled_by_identity_and_content() -> None:
    facts = []
    for n in range(5):
        key, value = contact(SUBJECTS[0], T0 + n, "c", "queued")
        decoded = decode(value, key)
        assert isinstance(decoded, Decoded)
        facts.append(decoded.fact)
    kept = seen.remember(b"", facts[:3])
    assert len(kept) == 3 * seen.BYTES
    assert [seen.recall(kept, fact) for fact in facts] == ["same"] * 3 + ["new"] * 2
    assert seen.recall(kept, msgspec.structs.replace(facts[0], content=facts[0].content + 1)) == "other"
    assert seen.recall(b"", facts[0]) == "new"


def test_the_oldest_marks_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "KEPT", 2)
    key, value = contact(SUBJECTS[0], T0, "c", "queued")
    decoded = decode(value, key)
    assert isinstance(decoded, Decoded)
    other = msgspec.structs.replace(decoded.fact, id="x")
    kept = seen.remember(seen.remember(b"", [decoded.fact]), [other, other])
    assert (seen.recall(kept, decoded.fact), seen.recall(kept, other)) == ("new", "same")


def effects(start: int, end: int) -> Effects:
    return Effects(Partition(0), Offset(start), Offset(end), Epoch(0), Millis(0))


def test_only_neighbours_are_joined_and_shared_counts_stay_apart() -> None:
    with pytest.raises(InvariantBroken):
        joined(effects(0, 3), effects(4, 5))
    shared = {"contact.n": 1}
    one, other = (CellKey("p", scope, "hour", Millis(0), -1) for scope in ("all", "touchpoint:x"))
    first, second = effects(0, 3), effects(3, 5)
    first.cells = {one: shared, other: shared}
    second.cells = {one: {"contact.n": -1}}
    assert joined(first, second).cells == {other: {"contact.n": 1}}


def test_a_key_is_drawn_once_for_a_data_folder_and_is_private(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    key = pseudonym_key(settings)
    assert pseudonym_key(settings) == key
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    assert key.secret.decode() not in repr(key)


def test_a_named_key_is_used_and_a_short_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text("sixteen characters at least")
    path.chmod(0o600)
    key = pseudonym_key(Settings(data=tmp_path, secret_file=path, secret_version=2))
    assert (key.version, key.secret) == (2, b"sixteen characters at least")
    path.write_text("short")
    with pytest.raises(RefusedToStart, match="16"):
        pseudonym_key(Settings(data=tmp_path, secret_file=path))


def test_a_store_stays_with_the_key_it_was_filled_under_and_takes_a_new_one_as_a_new_version(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    settings = Settings(data=tmp_path / "data", secret_file=path)
    with Store.open(settings.data, partitions=1) as store:
        for text, version, refused in (
            ("first key of them all", 1, False),
            ("another key than that", 1, True),
            ("another key than that", 2, False),
            ("first key of them all", 2, True),
            ("first key of them all", 1, False),
        ):
            path.write_text(text)
            path.chmod(0o600)
            given = settings.model_copy(update={"secret_version": version})
            if refused:
                with pytest.raises(RefusedToStart, match=f"mine: holds another key .* as version {version}") as why:
                    kept_key(given, store)
                assert text not in str(why.value)
            else:
                assert kept_key(given, store) == pseudonym_key(given)
                assert text not in str(store.settings.get(f"pseudonym_key_{version}"))


def test_log_lines_go_to_standard_error_as_configured(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Settings(log_format="json", log_level="warning"))
    logger = structlog.get_logger("test")
    logger.info("quiet")
    logger.warning("loud", partition=3)
    written = capsys.readouterr()
    assert written.out == ""
    assert '"partition": 3' in written.err
    assert "quiet" not in written.err
    structlog.reset_defaults()
    assert logging.getLevelName(logging.WARNING) == "WARNING"
