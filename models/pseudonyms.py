"""Pseudonyms: what stands for a customer everywhere behind the collector; the raw id is never stored.

``p<key version>_<32 characters>``: the first 20 bytes (160 bits) of HMAC-SHA256(key, raw id) in lower-case base32.
Whoever lacks the key can neither find the person nor test a guess; the same person gets the same pseudonym as long
as the key lives. Where keys come from is the settings' business.
"""

import base64
import hmac
import re
from dataclasses import dataclass, field

from models.identifiers import Subject

PATTERN = r"^p[1-9][0-9]{0,3}_[A-Za-z0-9_-]{26,64}$"
"""The form the contract asks of every subject; clients of ours may keep more or fewer bytes of the hash."""
MIN_KEY = 16
"""Bytes; below 128 bits a key could be searched."""

_FORM = re.compile(PATTERN[:-1] + r"\Z")
_BYTES = 20


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """The secret that turns raw ids into pseudonyms, and the version that marks which secret it was."""

    version: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.version <= 9999:
            raise ValueError(f"key version {self.version} is not between 1 and 9999: number your keys from 1")
        if len(self.secret) < MIN_KEY:
            raise ValueError(f"the pseudonym key has {len(self.secret)} bytes: give at least {MIN_KEY} random bytes")


def pseudonym(raw: str, key: PseudonymKey) -> Subject:
    """Return the pseudonym of the customer whose own id is ``raw``.

    Source: HMAC, RFC 2104, with SHA-256 (FIPS 180-4), cut to 160 bits as RFC 2104 section 5 allows.

    >>> pseudonym("customer-42", PseudonymKey(1, b"not a secret at all"))
    'p1_psxo37a3h3medhe4o4pdtnz5nqz4akpb'
    """
    digest = hmac.digest(key.secret, raw.encode("utf-8", "surrogatepass"), "sha256")[:_BYTES]
    return Subject(f"p{key.version}_{base64.b32encode(digest).decode().lower()}")


def mark_of(key: PseudonymKey) -> str:
    """Return what tells ``key`` from others without telling the key, for a store to remember it by.

    What is hashed begins with U+0000, so that it is no customer's id.
    """
    return hmac.digest(key.secret, b"\0which key is this?", "sha256").hex()[:32]


def is_pseudonym(text: str) -> bool:
    """Tell whether ``text`` has the form of a pseudonym of ours.

    >>> is_pseudonym("p1_abcdefghijklmnopqrstuvwxyz234567"), is_pseudonym("jane@example.org")
    (True, False)
    """
    return _FORM.match(text) is not None
