"""Places and segments that were met before are judged as they were the first time, and said in the same words."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.interactions.bounds import SLUG, URI_REFERENCE
from models.interactions.scenes import place_of, segment_of

slugs = st.one_of(st.none(), st.text("aZ0.-_\n", max_size=3))
sources = st.text("aZ0/# \n", min_size=1, max_size=3)


def matches(pattern: str, text: str | None) -> bool:
    """Tell whether ``text`` may stand where ``pattern`` is asked, by the pattern alone."""
    return text is None or re.fullmatch(pattern.removeprefix("^").removesuffix("$"), text) is not None


@given(sources, st.sampled_from((None, "application/json", "text/xml")), slugs, slugs)
def test_a_place_is_let_through_just_where_each_of_its_texts_has_its_form(
    source: str, media: str | None, touchpoint: str | None, channel: str | None
) -> None:
    well = (
        matches(URI_REFERENCE, source) and media != "text/xml" and all(matches(SLUG, t) for t in (touchpoint, channel))
    )
    for _ in range(2):
        if well:
            assert place_of(source, media, touchpoint, channel) == (source, touchpoint or "other", channel or "other")
        else:
            with pytest.raises(ValueError, match="form"):
                place_of(source, media, touchpoint, channel)


@given(st.dictionaries(st.text("aZ0.\n", max_size=2), st.text(max_size=3), max_size=4))
@example({"a": "b", "b": "a"})
def test_a_segment_is_the_same_pairs_in_order(segment: dict[str, str]) -> None:
    for _ in range(2):
        if all(matches(SLUG, name) for name in segment):
            found = segment_of(*segment, *segment.values())
            assert found == tuple(sorted(segment.items()))
            assert found is segment_of(*segment, *segment.values())
        else:
            with pytest.raises(ValueError, match="form"):
                segment_of(*segment, *segment.values())
