"""The manual, docs/mappings.md, says what is so: its first mapping works on its first export, its tables are whole."""

import re
from pathlib import Path

from models.instants import render
from streams.history.forms import Form, Looked, Number, Seconds, Time, Truth, Whole, Words
from streams.history.mapping import FileSection, RowSection, shipped
from streams.history.values import FORMS
from tests.streams.history.exports import imported

MANUAL = (Path(__file__).parents[3] / "docs" / "mappings.md").read_text(encoding="utf-8")


def test_the_first_mapping_works_on_the_first_export(tmp_path: Path) -> None:
    [export] = re.findall(r"An export of calls:\n\n```\n(.*?)```", MANUAL, re.DOTALL)
    mapping = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)[0]
    result, log = imported(tmp_path, export, mapping)
    assert (result.tally.told, result.tally.rejected.total()) == (1, 0)
    [event] = log.events()
    assert event["data"] == {
        "touchpoint": "support",
        "channel": "phone",
        "contact": "881",
        "phase": "ended",
        "outcome": "resolved",
        "waits_s": [750],
        "cold_transfers": 1,
    }
    assert render(log.facts()[0].fact.time) == "2026-02-03T08:20:00Z"


def test_every_key_form_and_shipped_mapping_is_in_it() -> None:
    forms: tuple[type[Form], ...] = (Looked, Whole, Number, Truth, Time, Seconds, Words)
    assert set(FORMS.values()) == set(forms)
    for name in (*FileSection.model_fields, *RowSection.model_fields, *shipped()):
        assert f"`{name}`" in MANUAL
    for key in FORMS:
        assert f"{{ {key} = " in MANUAL


def test_every_reason_for_a_reject_is_in_it() -> None:
    source = "".join(path.read_text() for path in (Path(__file__).parents[3] / "streams" / "history").glob("*.py"))
    codes = set(re.findall(r'(?:_rejected\(|CellFault\(|RowReject\([^"]*?|return \()"([a-z_]+)"', source))
    assert {"ragged_row", "bad_time", "missing_subject", "not_json"} <= codes
    assert sorted(code for code in codes if f"`{code}`" not in MANUAL) == []
