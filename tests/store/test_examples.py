"""The examples in the store's docstrings hold (pytest collects doctests from the pure rooms only)."""

import doctest
from types import ModuleType

import pytest

from store import batches, cell_rows, measures


@pytest.mark.parametrize("module", [batches, cell_rows, measures], ids=lambda module: module.__name__)
def test_examples_hold(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
