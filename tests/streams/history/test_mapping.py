from pathlib import Path

import pytest

from models.errors import InvalidInput, NotFound
from streams.history.mapping import Mapping, parse, shipped, text_of
from streams.history.rules import plan_of
from tests.streams.history.exports import CALLS


def whole(text: str) -> Mapping:
    """Return the mapping, compiled too, as an import would."""
    made = parse(text, "my.toml")
    plan_of(made, "my.toml")
    return made


def test_a_good_mapping_is_read() -> None:
    made = whole(CALLS)
    assert (made.name, made.shape.delimiter, made.shape.missing) == ("calls", ";", frozenset({"", "?"}))
    assert plan_of(made, "my.toml").columns == (
        "customer",
        "at",
        "call",
        "state",
        "transfers",
        "comment",
        "line",
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "calls"', 'name = "calls', "not TOML"),
        ('name = "calls"\n', "", r"name: is missing; add it"),
        ('name = "calls"\n', 'name = "My Calls"\n', "name: is not a short name; use a-z"),
        ("delimiter =", "delimeter =", r"file\.delimeter: there is no such key; did you mean 'delimiter'"),
        ('delimiter = ";"', 'delimiter = ";;"', r"file\.delimiter: "),
        ('delimiter = ";"', 'encoding = "utf-16"', r"file\.encoding: 'utf-16' cannot be read line by line; convert"),
        ('delimiter = ";"', 'encoding = "klingon"', r"file\.encoding: 'klingon' is not an encoding"),
        ("Europe/Paris", "Europe/Pariss", r"file\.timezone: 'Europe/Pariss' is not a time zone"),
        ('subject = "{customer}"\n', "", r"row\.subject: is missing; add it"),
        ('subject = "{customer}"', 'subject = "{customer"', r"row\.subject: .*brace"),
        ('missing = ["", "?"]', "missing = 3", r"file\.missing: is not a list; write"),
        ('time = "at"', "time = 3", r"row\.time: is not a text; put it in quotes"),
        (
            'type = "contact"',
            'type = "contcat"',
            r"event 'called'\.type: there is no interaction 'contcat'; did you mean",
        ),
        ('type = "complaint"', 'type = "due"', r"event 'complained'\.type: there is no interaction 'due'"),
        (
            "cold_transfers =",
            "cold_transfer =",
            r"event 'called'\.fields\.cold_transfer: .*did you mean 'cold_transfers'",
        ),
        ('contact = "{call}"\n', "", r"event 'called'\.fields\.contact: ressenti\.contact needs it; say where"),
        ('name = "complained"', 'name = "called"', "event 'called': the name is given twice"),
        (
            '{ integer = "transfers" }',
            '{ integr = "transfers" }',
            r"event 'called'\.fields\.cold_transfers: .*exactly one",
        ),
        ("comment = { present = true }", "comment = { there = true }", r"event 'complained'\.when: comment\.there"),
        ('case = ["call"]\n', 'case = ["call"]\nfoo = 1\n', r"row\.foo: there is no such key"),
        ('touchpoint = "support"\n', 'contact = "x"\n', r"common\.contact: not a field of every interaction"),
        ("[common]", "[comon]", "comon: there is no such key; did you mean 'common'"),
        ('name = "called"\n', 'name = "called"\nrows = "some"\n', r"event\.0\.rows: "),
        ('name = "called"\n', 'name = "called"\ntime = 3\n', r"event\.0\.time"),
        (
            'name = "called"\n',
            'name = "called"\ntime = { integer = "at" }\n',
            r"event 'called'\.time: a moment is wanted",
        ),
        ('channel = "phone"\n', 'segment = "x"\n', r"segment: not a table; write segment ="),
    ],
)
def test_every_mistake_names_the_file_the_key_and_the_remedy(old: str, new: str, says: str) -> None:
    assert old in CALLS
    with pytest.raises(InvalidInput, match=f"^my.toml: .*{says}"):
        whole(CALLS.replace(old, new, 1))


def test_all_mistakes_of_a_file_are_said_at_once() -> None:
    with pytest.raises(InvalidInput, match=r"name: is missing.* · .*row\.subject: is missing"):
        parse(CALLS.replace('name = "calls"\n', "", 1).replace('subject = "{customer}"\n', ""), "my.toml")


def test_rows_of_a_case_need_a_case() -> None:
    text = CALLS.replace('case = ["call"]\n', "").replace('name = "called"\n', 'name = "called"\nrows = "first"\n')
    with pytest.raises(InvalidInput, match=r"event 'called': `rows` and `before` .*row\.case"):
        whole(text)


def test_the_shipped_ones_are_found_by_name() -> None:
    assert shipped() == ["incidents", "orders", "posts"]
    assert all(whole(text_of(name)).name == name for name in shipped())


def test_a_file_is_found_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(CALLS, encoding="utf-8")
    assert text_of(str(path)) == CALLS


def test_an_unknown_name_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no mapping 'incident'; did you mean 'incidents'"):
        text_of("incident")
    with pytest.raises(NotFound, match="give the path of a TOML file"):
        text_of(str(tmp_path / "nothing.toml"))


def test_a_mapping_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match="a mapping is a text file in UTF-8"):
        text_of(str(path))
