"""Redaction: what identifies a person leaves their words before anybody stores them, and is counted.

E-mail addresses, IBANs, payment cards and phone numbers become ``[mail]``, ``[iban]``, ``[card]`` and ``[phone]``.
A token is never longer than what it stands for, and redacting twice is redacting once. Names and addresses are not
searched for.

What looks alike is left alone where its form allows: dates and times, order numbers (glued to letters or ``#``, or
without a phone's first digits), bar codes and company numbers (no issuer's prefix and length), anything failing
its checksum. In doubt, ten digits from 01 to 09 are a phone number.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

Kind = str

_GAP: Final = "[ .\\-/\u00a0\u2009\u202f]"
_START: Final = r"(?:(?<![\w#+])|(?<=\bt[eé]l))(?<!\d[.,-])"
"""Not inside a word, a reference or a decimal number; "tel0612345678" is no word."""
_END: Final = r"(?!\w)"

_CALLED: Final = (
    r"t[eé]l|t[eé]l[eé]phone(?:r|z)?|phone|mobile|portable|cell?|cellphone|celular|call|text|ring|appele[rz]|appel"
    r"|joindre|rappele[rz]|sms|whatsapp|fax"
)
_BETWEEN: Final = r"me|us|back|moi|nous|at|on|au|le|sur|is|est|number|num[eé]ro|no|n°"

_MAIL: Final = re.compile(
    r"(?<![\w.+%'-])[\w.+%'-]++(?:@| ?[(\[] ?(?:at|arobase|@) ?[)\]] ?)(?:[\w-]++\.)+[^\W\d_]{2,63}", re.IGNORECASE
)
_IBAN: Final = re.compile(r"(?<!\w)[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,28}", re.IGNORECASE)
_CARD: Final = re.compile(rf"{_START}\d(?:[ -]?\d){{13,18}}{_END}")
_PHONES: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # +33 (0)6 12 34 56 78: E.164 allows 15 digits; fewer than 8 are no subscriber's number
        rf"(?<![\w+])\+ ?[1-9](?:(?:{_GAP}|[()]){{0,2}}\d){{7,14}}{_END}",
        # 0033 6 12 34 56 78: at least ten digits after 00, since order numbers are padded with zeros
        rf"{_START}00[1-9](?:(?:{_GAP}|[()]){{0,2}}\d){{9,13}}{_END}",
        # 06 12 34 56 78, 06.12.34.56.78, 0612345678: pairs, always the same gap, which a date with a time never has
        rf"{_START}0[1-9](?P<pair>{_GAP}?)\d\d(?:(?P=pair)\d\d){{3}}{_END}",
        # 06 12345678
        rf"{_START}0[1-9]{_GAP}\d{{8}}{_END}",
        # 0800 123 456, 0 800 123 456, 020 7946 0958, 0171 234 5678
        rf"{_START}0(?P<head>{_GAP}?)[1-9]\d{{1,3}}(?P<gap>{_GAP})\d{{3,4}}(?P=gap)\d{{3,4}}{_END}",
        # 07700 900123, 07700900123
        rf"{_START}07\d{{3}} ?\d{{6}}{_END}",
        # (555) 123-4567, (11) 98765-4321: an area code in brackets
        rf"{_START}\(\d{{2,4}}\)[ -]?\d{{3,5}}[ .-]?\d{{4}}{_END}",
        # 555-123-4567, 555.123.4567
        rf"{_START}[2-9]\d\d(?P<dash>[.-])\d{{3}}(?P=dash)\d{{4}}{_END}",
        # any eight digits or more that the text itself calls a phone's
        rf"\b(?:{_CALLED})\b(?:\W{{1,3}}(?:{_BETWEEN})\b){{0,2}}\W{{1,3}}(?P<number>\d(?:(?:{_GAP}|[()]){{0,2}}\d){{7,14}}){_END}",
    )
)

_IBAN_LENGTHS: Final = {
    entry[:2]: int(entry[3:])
    for entry in re.findall(
        r"[A-Z]{2}:\d\d",
        "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DK:18 DO:28 "
        "EE:20 EG:29 ES:24 FI:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 "
        "IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 MC:27 MD:24 ME:22 MK:19 MR:27 MT:31 MU:30 NL:18 "
        "NO:15 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 SA:24 SC:31 SE:24 SI:19 SK:24 SM:27 ST:25 SV:28 TL:23 TN:24 "
        "TR:26 UA:29 VA:22 VG:24 XK:20",
    )
}
"""Characters of an IBAN by country. Source: SWIFT IBAN registry (ISO 13616)."""

_ISSUERS: Final = re.compile(
    r"4(?:\d{15}|\d{18})|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|(?:6011|65\d\d|64[4-9]\d|35\d\d|50\d\d|67\d\d)\d{12}"
)
"""Visa, Mastercard, American Express, Discover, JCB, Maestro: prefix and length. Source: ISO/IEC 7812."""


class Redacted(NamedTuple):
    """Words that may be kept, and how many of each kind were taken out."""

    text: str
    found: Counter[Kind]


def redact(text: str) -> str:
    """Return ``text`` without e-mail addresses, IBANs, card and phone numbers.

    >>> redact("Écrivez à jane.doe@example.org ou au 06 12 34 56 78, commande 4815162342 du 01/02/2026 10:30")
    'Écrivez à [mail] ou au [phone], commande 4815162342 du 01/02/2026 10:30'
    """
    return redacted(text).text


def redacted(text: str) -> Redacted:
    """Return ``redact(text)``, and how many of each kind were taken out.

    >>> redacted("+33 6 12 34 56 78, not before 01/02/2026").found
    Counter({'phone': 1})
    """
    found: Counter[Kind] = Counter()
    # What stands beside a number can hide it until it is gone itself; every round leaves fewer digits or addresses.
    while True:
        once = _once(text, found)
        if once == text:
            return Redacted(text, found)
        text = once


def _once(text: str, found: Counter[Kind]) -> str:
    text = _replaced(_MAIL, text, found, _mail)
    text = _replaced(_IBAN, text, found, _iban)
    text = _replaced(_CARD, text, found, _card)
    for form in _PHONES:
        text = _replaced(form, text, found, _phone)
    return text


def _replaced(
    form: re.Pattern[str], text: str, found: Counter[Kind], judge: Callable[[str], tuple[Kind, int] | None]
) -> str:
    def _token(match: re.Match[str]) -> str:
        start = match.start("number") - match.start() if "number" in form.groupindex else 0
        verdict = judge(match[0][start:])
        if verdict is None:
            return match[0]
        kind, length = verdict
        found[kind] += 1
        return f"{match[0][:start]}[{kind}]{match[0][start + length :]}"

    return form.sub(_token, text)


def _mail(text: str) -> tuple[Kind, int]:
    return "mail", len(text)


def _phone(text: str) -> tuple[Kind, int] | None:
    return None if _DATED.match(text) else ("phone", len(text))


_DATED: Final = re.compile(r"\d{1,2}([ ./-])\d{1,2}\1(?:19|20)\d\d(?!\d)")


def _card(text: str) -> tuple[Kind, int] | None:
    digits = "".join(c for c in text if c.isdigit())
    return ("card", len(text)) if _ISSUERS.fullmatch(digits) and luhn(digits) else None


def luhn(digits: str) -> bool:
    """Tell whether the last of ``digits`` is their check digit.

    Source: ISO/IEC 7812-1, annex B (H. P. Luhn, US patent 2,950,048).

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _iban(text: str) -> tuple[Kind, int] | None:
    wanted = _IBAN_LENGTHS.get(text[:2].upper(), 0)
    taken = [i for i, c in enumerate(text) if c.isalnum()][:wanted]
    if not wanted or len(taken) < wanted:
        return None
    account = "".join(text[i] for i in taken)
    return ("iban", taken[-1] + 1) if mod_97(account) == 1 else None


def mod_97(account: str) -> int:
    """Return an IBAN's remainder; 1 means that its check digits are right.

    Source: ISO 13616-1, ISO/IEC 7064 (MOD 97-10).

    >>> mod_97("FR7630006000011234567890189")
    1
    """
    return int("".join(str(int(c, 36)) for c in account[4:] + account[:4])) % 97
