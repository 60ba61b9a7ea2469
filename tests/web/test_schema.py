"""The interface as its own schema tells it, tried with inputs made from it: nothing fails on our side."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from httpx import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from schemathesis.core.result import Ok

from streams.bootstrap import House, opened
from streams.settings import read
from tests.web import houses
from tests.web.asking import asking
from tests.web.crawling import ENDLESS
from tests.web.houses import NOW, Clock
from web.app import create_app

QUIET = trying(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("schema") / "data"
    with opened(read({}, data=folder, partitions=2), Clock(NOW)) as house:
        houses.fill(house)
        yield house


def asked(client: Client, case: Any) -> int:  # noqa: ANN401 - schemathesis does not export its class's type
    """Send what was made of the schema; return the status."""
    said = case.as_transport_kwargs(base_url="http://127.0.0.1")
    known = {name: said[name] for name in ("method", "url", "headers", "params", "json", "cookies") if said.get(name)}
    body = said.get("data")
    if isinstance(body, dict):
        known["data"] = body
    elif body is not None:
        known["content"] = body
    try:
        request = client.build_request(**{name: value for name, value in known.items() if name != "cookies"})
    except (UnicodeError, TypeError, ValueError):
        return 0  # no client can send it
    return client.send(request).status_code


@pytest.mark.slow
def test_no_input_that_the_schema_allows_makes_us_fail(filled: House) -> None:
    app = create_app(filled)
    schema = schemathesis.openapi.from_dict(app.openapi())
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == len(list(schema.get_all_operations()))
    assert len(operations) > 20
    with asking(app) as client:
        for operation in operations:
            if operation.path == ENDLESS:
                continue

            @QUIET
            @given(case=operation.as_strategy())
            def it_answers(case: Any) -> None:  # noqa: ANN401
                assert asked(client, case) < 500, case

            it_answers()
