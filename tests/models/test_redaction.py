"""What leaves a text, what stays, and that leaving twice is leaving once."""

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.redaction import luhn, mod_97, redact, redacted

MAILS = (
    "jane@example.org",
    "jean-françois.dupont+box@mail.exemple.co.uk",
    "JANE_DOE@EXAMPLE.ORG",
    "o'neil@x.ie",
    "jane(at)example.org",
    "jane [at] example.org",
    "jane (arobase) exemple.fr",
    "a@b.co",
)
PHONES = (
    "0612345678",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "06-12-34-56-78",
    "06/12/34/56/78",
    "06\u00a012\u00a034\u00a056\u00a078",
    "06 12345678",
    "0800 123 456",
    "0 800 123 456",
    "+33612345678",
    "+33 6 12 34 56 78",
    "+33 (0)6 12 34 56 78",
    "+33(0)612345678",
    "0033 6 12 34 56 78",
    "0033612345678",
    "+44 20 7946 0958",
    "020 7946 0958",
    "07700 900123",
    "+1 (555) 123-4567",
    "(555) 123-4567",
    "555-123-4567",
    "555.123.4567",
    "+49 171 2345678",
    "0171 234 5678",
    "+212 5-22-12-34-56",
    "(11) 98765-4321",
    "(11) 987654321",
)
IBANS = (
    "FR7630006000011234567890189",
    "FR76 3000 6000 0112 3456 7890 189",
    "fr76 3000 6000 0112 3456 7890 189",
    "DE89 3704 0044 0532 0130 00",
    "GB29NWBK60161331926819",
    "BE68 5390 0754 7034",
    "MT84MALT011000012345MTLCAST001S",
)
CARDS = (
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "3782 822463 10005",
    "6011111111111117",
    "3530111333300000",
)


@pytest.mark.parametrize(
    ("secret", "token"),
    [(text, "mail") for text in MAILS]
    + [(text, "phone") for text in PHONES]
    + [(text, "iban") for text in IBANS]
    + [(text, "card") for text in CARDS],
)
@pytest.mark.parametrize("frame", ["{}", "Rappelez-moi au {} merci", "({}).", "mon contact:{}, vite !", "{}\n{}"])
def test_what_identifies_leaves(secret: str, token: str, frame: str) -> None:
    text = frame.replace("{}", secret)
    clean = redacted(text)
    assert clean.text == frame.replace("{}", f"[{token}]")
    assert clean.found == {token: frame.count("{}")}


@pytest.mark.parametrize(
    "text",
    [
        "commande 4815162342",
        "commande n° 20261123-0042",
        "dossier #0612345678",
        "ref CMD0612345678",
        "INC0000045 puis INC0010023",
        "le 01/02/2026 10:30",
        "le 01.02.2026 à 10 h 30",
        "du 05 12 2024 10 30",
        "du 01-02-2026 au 28-02-2026",
        "2026-11-23T12:30:00.123+01:00",
        "2026-11-23 12:30:00",
        "12:30:45, 1795437000123 ms",
        "1 234 567,89 €",
        "total 1234567890.12",
        "0.0612345678",
        "3 760020 507350",
        "EAN 4006381333931",
        "SIRET 732 829 320 00074",
        "4111 1111 1111 1112",
        "version 1.02.03.04",
        "192.168.10.254",
        "@united thanks, you're #1",
        "a @ b",
        "50% @ 20:00",
        "FR7630006000011234567890188",
        "il a attendu 20 minutes, 3 fois, depuis 10 jours",
        "00000000001234",
        "+5 points",
        "code postal 75011, 33000",
    ],
)
def test_what_only_looks_alike_stays(text: str) -> None:
    assert redacted(text) == (text, {})


def test_each_kind_is_counted() -> None:
    clean = redacted("a@b.co 06 12 34 56 78 c@d.fr, 4111111111111111; FR7630006000011234567890189")
    assert clean.text == "[mail] [phone] [mail], [card]; [iban]"
    assert clean.found == {"mail": 2, "phone": 1, "card": 1, "iban": 1}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("please call me 5551234567", "please call me [phone]"),
        ("Call us at 22 33 44 55!", "Call us at [phone]!"),
        ("rappelez-moi au 612345678", "rappelez-moi au [phone]"),
        ("my mobile number is 91-98765-43210", "my mobile number is [phone]"),
        ("I call about order 5551234567", "I call about order 5551234567"),
        ("the mobile app 20261123 crashed", "the mobile app 20261123 crashed"),
        ("call 1234567", "call 1234567"),
        ("appel du 05/12/2024 10:30", "appel du 05/12/2024 10:30"),
        ("appel le 05/12/2024 10", "appel le 05/12/2024 10"),
    ],
)
def test_what_the_text_calls_a_phone_is_one(text: str, clean: str) -> None:
    assert redact(text) == clean


def test_neighbours_do_not_hide_one_another() -> None:
    assert redact("0612345678jane@example.org") == "[mail]"
    assert redact("BE68 5390 0754 7034 merci au 0612345678") == "[iban] merci au [phone]"
    assert redact("tel0612345678/tél:0712345678") == "tel[phone]/tél:[phone]"


PIECES = st.sampled_from(
    (*MAILS, *PHONES, *IBANS, *CARDS, " ", "", "-", ".", "0", "4", "a", "tel", "@", "+", "(", "é ")
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=12).map("".join),
    st.text(st.sampled_from("0123456789 .-+()@/aZé[]#"), max_size=80),
    st.text(max_size=60),
)


@given(TEXTS)
@settings(max_examples=300)
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once = redact(text)
    assert redacted(once) == (once, {})


@given(TEXTS)
@settings(max_examples=200)
def test_a_text_never_grows(text: str) -> None:
    assert len(redact(text)) <= len(text)


@given(st.integers(0, 10**17), st.integers(0, 9))
def test_exactly_one_check_digit_is_right(number: int, digit: int) -> None:
    right = [check for check in range(10) if luhn(f"{number}{check}")]
    assert len(right) == 1
    assert luhn(f"{number}{digit}") == (digit == right[0])


def test_mod_97_finds_every_single_wrong_digit() -> None:
    account = "DE89370400440532013000"
    assert mod_97(account) == 1
    for place in range(2, len(account)):
        wrong = account[:place] + str((int(account[place]) + 1) % 10) + account[place + 1 :]
        assert mod_97(wrong) != 1


@pytest.mark.parametrize("hard", ["a" * 5000, "1 " * 2500, "a.b-" * 1250, "+1 " * 1600, "fr76" * 1250, "@" * 5000])
def test_no_text_takes_long(hard: str) -> None:
    import time

    start = time.process_time()
    redact(hard)
    assert time.process_time() - start < 0.5


def test_a_long_text_of_addresses_is_cleaned_whole() -> None:
    assert redact("a@b.co " * 700) == "[mail] " * 700


DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.skipif(not DATA.exists(), reason=f"real posts are not here: {DATA}")
def test_real_posts_lose_almost_nothing() -> None:
    """Public posts hold few numbers of anybody's; hundreds of matches would be false alarms."""
    with gzip.open(DATA / "posts.csv.gz", "rt", encoding="utf-8", newline="") as file:
        texts = [" ".join(row) for row in csv.reader(file)]
    touched = sum(bool(redacted(text).found) for text in texts)
    assert touched < len(texts) / 200
