from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import instants

ANY_MILLIS = st.integers(instants.EARLIEST, instants.LATEST - 1)


@given(ANY_MILLIS)
def test_rendered_moments_parse_back(at: int) -> None:
    assert instants.parse(instants.render(at)) == at


@given(ANY_MILLIS)
def test_rendering_agrees_with_the_standard_library(at: int) -> None:
    expected = datetime.fromtimestamp(at // 1000, UTC).replace(microsecond=at % 1000 * 1000)
    assert datetime.fromisoformat(instants.render(at)) == expected


@given(st.datetimes(datetime(2000, 1, 2), datetime(2100, 12, 30), timezones=st.timezones()))  # noqa: DTZ001 - zones are drawn
def test_any_offset_names_the_same_moment(at: datetime) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    whole = at.utcoffset().total_seconds() % 60 == 0  # type: ignore[union-attr]
    if whole:  # before railways, offsets had seconds; RFC 3339 has none
        assert instants.parse(at.isoformat()) == round(at.timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1985-04-12T23:20:50.52Z", 482_196_050_520),
        ("1996-12-19T16:39:57-08:00", 851_042_397_000),
        ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130),
        ("2026-11-23T12:30:00.9999Z", 1_795_437_000_999),
        ("2026-11-23 12:30:00Z", 1_795_437_000_000),
    ],
)
def test_examples_of_rfc_3339_section_5_8_and_ours(text: str, at: int) -> None:
    assert instants.parse(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-23",
        "2026-11-23T12:30Z",
        "2026-11-23T12:30:00",
        "2026-11-23T12:30:60Z",
        "2026-11-23T24:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-11-23T12:30:00+24:00",
        "1795437000",
        "2026-11-23T12:30:00Z\n",
        "x" * 10_000,
    ],
)
def test_what_is_no_moment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write it as RFC 3339 with an offset") as refused:
        instants.parse(text)
    assert len(str(refused.value)) < 150


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("1999-12-31T23:59:59.999Z", False),
        ("2000-01-01T00:00:00Z", True),
        ("2000-01-01T00:00:00+00:01", False),
        ("2100-12-31T23:59:59.999Z", True),
        ("2101-01-01T00:00:00Z", False),
        ("2101-01-01T00:00:00+01:00", True),
        ("9999-12-31T23:59:59-23:59", False),
        ("0001-01-01T00:00:00+23:59", False),
    ],
)
def test_years_outside_2000_to_2100_are_out_of_bounds(text: str, *, inside: bool) -> None:
    at = instants.moment(text)
    if inside:
        assert instants.bounded(at) == instants.millis(at)
    else:
        with pytest.raises(ValueError, match="outside the years 2000 to 2100"):
            instants.bounded(at)
