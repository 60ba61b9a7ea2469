import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.pseudonyms import PseudonymKey, is_pseudonym, pseudonym

KEY = PseudonymKey(1, b"0123456789abcdef")
OTHER = PseudonymKey(2, b"fedcba9876543210")


@given(st.text())
def test_a_pseudonym_has_the_form_the_contract_asks(raw: str) -> None:
    name = pseudonym(raw, KEY)
    assert is_pseudonym(name)
    assert name == pseudonym(raw, KEY)
    assert name[3:] != pseudonym(raw, OTHER)[3:]


def test_it_is_an_hmac_sha256_of_the_raw_id() -> None:
    import base64

    digest = hmac.new(KEY.secret, b"caf\xc3\xa9", hashlib.sha256).digest()
    assert pseudonym("café", KEY) == "p1_" + base64.b32encode(digest[:20]).decode().lower()


def test_different_people_have_different_pseudonyms() -> None:
    assert len({pseudonym(str(n), KEY) for n in range(10_000)}) == 10_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jane",
        "p_abcdefghijklmnopqrstuvwxyz",
        "p0_abcdefghijklmnopqrstuvwxyz",
        "p1_abcdefghijklmnopqrstuvwxy",
        "p12345_abcdefghijklmnopqrstuvwxyz",
        "p1_abcdefghijklmnopqrstuvwxyz\n",
        "P1_abcdefghijklmnopqrstuvwxyz",
        "p1_abcdefghijklmnopqrstuvwxé",
        "p1_" + "a" * 65,
        " p1_abcdefghijklmnopqrstuvwxyz",
    ],
)
def test_what_is_no_pseudonym_is_told_apart(text: str) -> None:
    assert not is_pseudonym(text)


def test_26_to_64_characters_may_follow() -> None:
    assert is_pseudonym("p1_" + "a" * 26)
    assert is_pseudonym("p9999_" + "A-_z" * 16)


@pytest.mark.parametrize(("version", "secret"), [(0, b"x" * 16), (10_000, b"x" * 16), (1, b"x" * 15)])
def test_a_weak_or_unnumbered_key_is_refused(version: int, secret: bytes) -> None:
    with pytest.raises(ValueError, match="key"):
        PseudonymKey(version, secret)


def test_a_key_does_not_show_its_secret() -> None:
    assert "0123" not in repr(KEY)
