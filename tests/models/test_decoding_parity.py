"""The derived structs and the pydantic models they come from give the same verdicts and build the same facts."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import RejectedEvent
from models.interactions import TYPES, decoding, validate
from models.interactions.decoding import Decoded, decode, decoded
from models.interactions.validation import parse
from tests.models.contract_strategies import MINIMAL, ODD, SUBJECT, Pairs, Raw, event, events, mutated, render

Verdict = Decoded | None


def slow(value: bytes) -> Verdict:
    """Return what pydantic alone says."""
    try:
        return decoded(validate(value))
    except RejectedEvent:
        return None


def fast(value: bytes, decoder: Any) -> Verdict:  # noqa: ANN401 - a decoder of structs made at run time
    """Return what msgspec alone says, without the second judgement of ``decode``."""
    try:
        tree = decoder.decode(value)
        result = decoding._read(tree, tree.data, 0)
    except decoding._REFUSALS:
        return None
    return result if isinstance(result, Decoded) else None


def known(value: bytes) -> bool:
    return decoding.unknown_fields(parse(value)) == 0


def agree(value: bytes, *, repeats: bool = False) -> Verdict:
    """Hold all paths to the same verdict on ``value``, and return it."""
    judged = slow(value)
    tolerant = fast(value, decoding._TOLERANT)
    # Tolerant structs skip unknown fields unread; ``decode`` parses the whole text before it asks them.
    if judged is not None or _is_json(value):
        assert tolerant in ((judged, None) if repeats else (judged,))
    for decoder in (decoding._CAREFUL, decoding._FAST) if decoding.is_clean(value) else (decoding._CAREFUL,):
        strict = fast(value, decoder)
        assert strict in ((judged, None) if repeats or judged is None or not known(value) else (judged,))
    _final(value, judged)
    return judged


def _is_json(value: bytes) -> bool:
    try:
        parse(value)
    except RejectedEvent:
        return False
    return True


def _final(value: bytes, judged: Verdict) -> None:
    try:
        result = decode(value, b"")
    except RejectedEvent:
        assert judged is None
        return
    if isinstance(result, Decoded):
        assert judged is not None
        assert (result.subject, result.fact, result.verbatim) == (judged.subject, judged.fact, judged.verbatim)


@given(events())
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_both_paths_build_the_same_fact(tree: dict[str, Any]) -> None:
    agree(render(tree))


@given(mutated())
@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_both_paths_refuse_the_same_mutations(case: tuple[Any, bool]) -> None:
    tree, repeats = case
    agree(render(tree), repeats=repeats)


@pytest.mark.parametrize("kind", MINIMAL)
def test_every_field_given_every_oddity_gets_one_verdict(kind: str) -> None:
    for name in TYPES[f"ressenti.{kind}"].model_fields:
        for odd in ODD:
            agree(render(event(kind, {**MINIMAL[kind], name: odd})))


@pytest.mark.parametrize(
    "name", ["specversion", "id", "source", "time", "subject", "history", "datacontenttype", "data"]
)
def test_every_attribute_given_every_oddity_gets_one_verdict(name: str) -> None:
    for odd in ODD:
        agree(render(event("purchase", {}) | {name: odd}))


@given(st.binary(max_size=60), st.integers(0, 300))
@settings(max_examples=300)
def test_both_paths_agree_on_damaged_bytes(noise: bytes, at: int) -> None:
    value = render(event("voice", {"post": "v", "verbatim": "déçu « enfin »\n", "rating": 0.25}))
    agree(value[: at % len(value)] + noise + value[at % len(value) :])


def test_the_last_of_two_equal_keys_counts() -> None:
    value = render(event("exposure", {}) | {"data": Pairs((("experiment", 1), ("arm", "a"), ("experiment", "x")))})
    judged = agree(value, repeats=True)
    assert judged is not None
    assert judged.fact.experiment == "x"  # type: ignore[union-attr]


def test_a_whole_number_is_not_written_with_a_point() -> None:
    contact = MINIMAL["contact"]
    assert agree(render(event("contact", contact | {"steps_repeated": Raw("1")}))) is not None
    for literal in ("1.0", "1e0", "true", '"1"'):
        assert agree(render(event("contact", contact | {"steps_repeated": Raw(literal)}))) is None


def test_most_generated_events_are_valid() -> None:
    accepted = []

    @given(events())
    @settings(max_examples=100, database=None, derandomize=True, deadline=None)
    def count(tree: dict[str, Any]) -> None:
        accepted.append(slow(render(tree)) is not None)

    count()
    assert sum(accepted) > len(accepted) / 3  # contact outcomes and answer scales contradict themselves often


def test_subject_is_who_it_is_about() -> None:
    judged = agree(render(event("purchase", {})))
    assert judged is not None
    assert judged.subject == SUBJECT
