from collections.abc import Mapping
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.history.columns import CellFault, Columns, MappingFault
from streams.history.texts import slug
from streams.history.times import reading
from streams.history.values import compiled


def value(said: object, **cells: str | None) -> object:
    """Return what ``said`` makes of ``cells``; a name with ``_`` stands for one with a dot."""
    columns = Columns([], reading(["iso"], UTC))
    get = compiled(said, columns)
    known: Mapping[str, str | None] = {name.replace("__", "."): cell for name, cell in cells.items()}
    return get(tuple(known.get(name) for name in columns.names))


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("{a}", "A 1"),
        ("x-{a}-{b}", "x-A 1-B"),
        ("{a|slug}/{b|lower}{b|upper}", "a-1/bB"),
        ("{{{a}}}", "{A 1}"),
        ("{category.1}", "dotted"),
        ("no hole", "no hole"),
        ("{none}", None),
        ("{a} {none}", None),
        (5, 5),
        (True, True),
        (["{a}", 1], ["A 1", 1]),
        (["{a}", "{none}"], None),
        ({"column": "b", "map": {"B": "found"}}, "found"),
        ({"column": "a", "map": {"B": "found"}}, None),
        ({"column": "a", "map": {"B": "found"}, "otherwise": False}, False),
        ({"column": "none", "map": {"B": "found"}, "otherwise": "x"}, None),
        ({"integer": "n"}, 12),
        ({"integer": "n", "at_most": 10}, 10),
        ({"integer": "n", "at_least": 20}, 20),
        ({"integer": "f"}, 3),
        ({"integer": "none"}, None),
        ({"number": "euro", "decimal": ","}, 1234.5),
        ({"number": "n", "divided_by": 100}, 0.12),
        ({"truth": "yes"}, True),
        ({"truth": "b", "yes": ["A"], "no": ["B"]}, False),
        ({"truth": "none"}, None),
        ({"time": "t1"}, "2016-03-01T10:00:00Z"),
        ({"time": "t1", "at": "end of day"}, "2016-03-01T23:59:59.999Z"),
        ({"time": ["none", "t2", "t1"]}, "2016-03-02T00:00:00Z"),
        ({"time": ["t2", "t1", "none"], "pick": "earliest"}, "2016-03-01T10:00:00Z"),
        ({"time": ["t1", "t2"], "pick": "latest"}, "2016-03-02T00:00:00Z"),
        ({"time": "none"}, None),
        ({"seconds_from": "t1", "to": "t2"}, 14 * 3600),
        ({"seconds_from": "t1", "to": "t2", "at_most": 60}, 60),
        ({"seconds_from": "t2", "to": "t1"}, None),
        ({"seconds_from": "t1", "to": "none"}, None),
        ({"words": "a"}, "A 1"),
        ({"words": ["a", "none", "b"]}, "A 1. B"),
        ({"words": ["a", "b"], "between": " / "}, "A 1 / B"),
        ({"words": ["none"]}, None),
    ],
)
def test_a_value_is_made_of_the_cells(said: object, made: object) -> None:
    cells = {"a": "A 1", "b": "B", "category__1": "dotted", "n": "12", "f": "3.0", "euro": "1 234,50", "yes": "1"}
    assert value(said, **cells, t1="2016-03-01 10:00", t2="2016-03-02", none=None) == made


@pytest.mark.parametrize(
    ("said", "cell", "says"),
    [
        ({"integer": "c"}, "3.5", "column 'c': '3.5' is not a whole number"),
        ({"integer": "c"}, "many", "'many' is not a number"),
        ({"integer": "c"}, "nan", "'nan' is not a number"),
        ({"number": "c"}, "inf", "'inf' is not a number"),
        ({"number": "c"}, "1e999", "is not a number"),
        ({"truth": "c"}, "maybe", "'maybe' is neither in `yes` nor in `no`"),
        ({"time": "c"}, "soon", "'soon' is not a time in iso"),
        ({"seconds_from": "c", "to": "c"}, "soon", "column 'c': 'soon' is not a time"),
    ],
)
def test_a_cell_that_cannot_be_read_names_its_column(said: object, cell: str, says: str) -> None:
    with pytest.raises(CellFault, match=says):
        value(said, c=cell)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"colum": "a"}, "exactly one of column, integer"),
        ({}, "exactly one of"),
        ({"integer": "a", "number": "b"}, "exactly one of"),
        ({"integer": 3}, "integer: "),
        ({"integer": "a", "at_mots": 3}, "at_mots: "),
        ({"column": "a", "map": {}}, "map: "),
        ({"time": []}, "`time` names no column"),
        ({"time": "a", "at": "noon"}, "at: "),
        ("{a", "a brace that holds no column"),
        ("{}", "a brace that holds no column"),
        ("{a|shout}", "there is no 'shout'; use slug, lower, upper"),
        (None, "is no value"),
    ],
)
def test_a_value_that_cannot_be_says_why(said: object, says: str) -> None:
    with pytest.raises(MappingFault, match=says):
        value(said)


def test_words_are_cut_where_the_contract_ends_and_lose_control_characters() -> None:
    made = value({"words": "w"}, w="a\x07b" + "c" * 6_000)
    assert isinstance(made, str)
    assert (made[:3], made[-1], len(made)) == ("a b", "…", 5_000)


def test_a_slug_is_cut_where_the_contract_ends() -> None:
    assert slug("a" * 100) == "a" * 64
    assert slug("a" * 63 + " b") == "a" * 63


@settings(max_examples=100)
@given(st.text())
def test_a_slug_is_one_or_nothing(text: str) -> None:
    made = slug(text)
    if made is not None:
        assert made == slug(made)
        assert made.isascii()
        assert len(made) <= 64
        assert made[0].isalnum()
        assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.-")
