from datetime import UTC

import pytest

from streams.history.columns import CellFault, Columns, MappingFault
from streams.history.conditions import compiled
from streams.history.times import reading

Cell = str | None


def holds(said: dict[str, object], cell: Cell, before: Cell = None, *, first: bool = False) -> bool:
    columns = Columns([], reading(["iso"], UTC))
    test = compiled(said, columns)
    return test((cell,), None if first else (before,))


@pytest.mark.parametrize(
    ("said", "yes", "no"),
    [
        ("A", ["A"], ["a", "B", None]),
        (["A", "B"], ["A", "B"], ["C", None]),
        ({"is": "A"}, ["A"], ["B", None]),
        ({"is": ["A", "B"]}, ["B"], ["C"]),
        ({"not": "A"}, ["B", None], ["A"]),
        ({"not": ["A", "B"]}, ["C", None], ["A", "B"]),
        ({"present": True}, ["A"], [None]),
        ({"present": False}, [None], ["A"]),
        ({"at_least": 2}, ["2", "3.5"], ["1", None]),
        ({"at_most": 2.5}, ["2", "-1"], ["3", None]),
        ({"at_least": 1, "at_most": 2}, ["1", "2"], ["0", "3"]),
        ({"present": True, "not": "A"}, ["B"], ["A", None]),
    ],
)
def test_a_condition_holds_for_what_it_says_only(said: object, yes: list[Cell], no: list[Cell]) -> None:
    assert all(holds({"c": said}, cell) for cell in yes)
    assert not any(holds({"c": said}, cell) for cell in no)


def test_changed_compares_with_the_row_before() -> None:
    said: dict[str, object] = {"c": {"changed": True}}
    assert holds(said, "B", "A")
    assert not holds(said, "A", "A")
    assert holds(said, None, "A")
    assert holds(said, "A", first=True)
    assert not holds(said, None, first=True)


def test_all_columns_must_hold() -> None:
    columns = Columns([], reading(["iso"], UTC))
    test = compiled({"a": "1", "b": "2"}, columns)
    assert [test(cells, None) for cells in (("1", "2"), ("1", "3"), ("3", "2"))] == [True, False, False]


def test_no_condition_always_holds() -> None:
    assert compiled({}, Columns([], reading(["iso"], UTC)))((), None)


def test_a_bound_on_what_is_no_number_rejects_the_row() -> None:
    with pytest.raises(CellFault, match="'many' is not a number"):
        holds({"c": {"at_least": 1}}, "many")


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({}, "condition on 'c' says nothing; use is, not, present"),
        ({"equals": "A"}, "c.equals: "),
        (3, "c: .*write a text, a list of texts, or a table"),
        ({"is": [1]}, "c.is.0: "),
    ],
)
def test_a_condition_that_cannot_be_names_its_column(said: object, says: str) -> None:
    with pytest.raises(MappingFault, match=says):
        holds({"c": said}, "A")
