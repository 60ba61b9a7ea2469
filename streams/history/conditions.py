"""When a rule of a mapping fires: conditions on the cells of a row, all of which must hold."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from streams.history.columns import Columns, MappingFault
from streams.history.forms import decimal
from streams.history.rows import Cells

Test = Callable[[Cells, Cells | None], bool]
"""Told the row and the row before it in the same case, if any."""
KINDS = "is, not, present, at_least, at_most, changed"


class Condition(BaseModel):
    """What one column must be; of what is said, everything must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    one_of: list[str] | None = Field(None, alias="is")
    none_of: list[str] | None = Field(None, alias="not")
    present: bool | None = None
    at_least: float | None = None
    at_most: float | None = None
    changed: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, said: Any) -> Any:  # noqa: ANN401 - whatever the TOML file says
        if isinstance(said, str):
            return {"is": [said]}
        if isinstance(said, list):
            return {"is": said}
        if isinstance(said, dict):
            return {key: [one] if key in {"is", "not"} and isinstance(one, str) else one for key, one in said.items()}
        return said

    def compiled(self, name: str, columns: Columns) -> Test:
        """Return the test of column ``name``."""
        kinds = (self._listed, self._presence, self._bounded, self._change)
        made = [test for make in kinds if (test := make(name, columns.place(name))) is not None]
        if not made:
            raise MappingFault(f"the condition on {name!r} says nothing; use {KINDS}")
        return _all(made)

    def _listed(self, _name: str, place: int) -> Test | None:
        if self.one_of is None and self.none_of is None:
            return None
        wanted = None if self.one_of is None else frozenset(self.one_of)
        unwanted = frozenset(self.none_of or ())
        return lambda row, _before: (wanted is None or row[place] in wanted) and row[place] not in unwanted

    def _presence(self, _name: str, place: int) -> Test | None:
        if self.present is None:
            return None
        present = self.present
        return lambda row, _before: (row[place] is not None) == present

    def _bounded(self, name: str, place: int) -> Test | None:
        if self.at_least is None and self.at_most is None:
            return None
        least = float("-inf") if self.at_least is None else self.at_least
        most = float("inf") if self.at_most is None else self.at_most
        return lambda row, _before: (cell := row[place]) is not None and least <= decimal(name, cell, ".") <= most

    def _change(self, _name: str, place: int) -> Test | None:
        if self.changed is None:
            return None
        wanted = self.changed
        return lambda row, before: (row[place] != (None if before is None else before[place])) == wanted


def compiled(said: Mapping[str, object], columns: Columns) -> Test:
    """Return the test that all of ``said`` hold; raises ``MappingFault`` naming the column."""
    tests: list[Test] = []
    for name, one in said.items():
        try:
            tests.append(Condition.model_validate(one).compiled(name, columns))
        except ValidationError as wrong:
            faults = "; ".join(f"{'.'.join(map(str, (name, *e['loc'])))}: {e['msg']}" for e in wrong.errors())
            raise MappingFault(f"{faults}; write a text, a list of texts, or a table of {KINDS}") from None
    return _all(tests)


def _all(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    return lambda row, before: all(test(row, before) for test in tests)
