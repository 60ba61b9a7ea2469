from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.history.times import end_of_day, reading, zone


@pytest.mark.parametrize(
    ("text", "form", "instant"),
    [
        ("1/3/2016 09:05", "%d/%m/%Y %H:%M", "2016-03-01T09:05:00+00:00"),
        ("2016-03-01 09:05:06", "iso", "2016-03-01T09:05:06+00:00"),
        ("2016-03-01T09:05:06-08:00", "iso", "2016-03-01T17:05:06+00:00"),
        ("1456823106", "unix", "2016-03-01T09:05:06+00:00"),
        ("1456823106500", "unix_ms", "2016-03-01T09:05:06.500000+00:00"),
    ],
)
def test_formats_are_read(text: str, form: str, instant: str) -> None:
    assert reading([form], UTC)(text).astimezone(UTC) == datetime.fromisoformat(instant)


def test_formats_are_tried_in_order() -> None:
    read = reading(["%d/%m/%Y", "%m/%d/%Y"], UTC)
    assert (read("02/03/2016").month, read("12/31/2016").month) == (3, 12)


@pytest.mark.parametrize("text", ["", "yesterday", "31/02/2016", "1e400", "nan", "2016-01-01"])
def test_what_is_no_time_is_refused_with_the_formats(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time in %d/%m/%Y or unix"):
        reading(["%d/%m/%Y", "unix"], UTC)(text)


def test_a_time_without_an_offset_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="has no offset, and the mapping names no `timezone`"):
        reading(["iso"], None)("2016-03-01 09:05")


def test_zones_follow_the_seasons() -> None:
    read = reading(["iso"], zone("Europe/Paris"))
    assert [read(day).astimezone(UTC).hour for day in ("2026-01-10 12:00", "2026-07-10 12:00")] == [11, 10]


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", ""])
def test_an_unknown_zone_is_refused_with_a_remedy(name: str) -> None:
    with pytest.raises(ValueError, match="write an IANA name"):
        zone(name)


def test_the_day_ends_where_it_was_written() -> None:
    end = end_of_day(reading(["iso"], zone("America/Sao_Paulo"))("2017-08-01"))
    assert end.astimezone(UTC).isoformat() == "2017-08-02T02:59:59.999000+00:00"


@settings(max_examples=60)
@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - written without an offset
def test_what_was_written_in_a_format_is_read_back(moment: datetime) -> None:
    form = "%d/%m/%Y %H:%M:%S"
    assert reading([form], UTC)(moment.strftime(form)) == moment.replace(microsecond=0, tzinfo=UTC)
