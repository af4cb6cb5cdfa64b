"""What stands in an identity's place, from the identity and a project's key by HMAC-SHA-256.

The same key gives the same answers in every process and year, so references between objects still hold and
later studies of a patient join the earlier ones; another key gives others.  Without the key nothing leads
back, and whoever holds it can only try identities that he knows already.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import date, timedelta

from rt.dicom.uids import uid_of_digest
from rt.errors import DeidentificationError

KEY_BYTES = 32
"""Length of a project's key."""
MOST_WEEKS = 520
"""Dates are moved back by one week up to this many; whole weeks keep the day of the week."""


@dataclass(frozen=True)
class Pseudonyms:
    """The pseudonyms of one key; DeidentificationError for a key that is too short."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) < KEY_BYTES:
            raise DeidentificationError(f"the key is shorter than {KEY_BYTES} bytes")

    def _digest(self, purpose: str, value: str) -> bytes:
        return hmac.new(self.key, f"{purpose}\0{value}".encode(), hashlib.sha256).digest()

    def uid(self, original: str) -> str:
        """The UID under 2.25 that replaces another."""
        return uid_of_digest(self._digest("uid", original))

    def patient(self, identity: str) -> str:
        """PatientID and PatientName of a patient, 60 bits long."""
        return "RK" + base64.b32encode(self._digest("patient", identity)).decode()[:12]

    def short(self, purpose: str, value: str) -> str:
        """Six letters and digits in place of a word, 30 bits long."""
        return base64.b32encode(self._digest(purpose, value)).decode()[:6].lower()

    def weeks(self, identity: str) -> int:
        """By how many weeks this patient's dates move back."""
        return 1 + int.from_bytes(self._digest("dates", identity)[:8], "big") % MOST_WEEKS

    def moved(self, identity: str, text: str) -> str:
        """A DA or DT value with its date moved back; "" where it is no whole date."""
        day = _date(text)
        if day is None:
            return ""
        try:
            earlier = day - timedelta(weeks=self.weeks(identity))
        except OverflowError:
            return ""
        rest = text[8:]
        return f"{earlier.year:04d}{earlier.month:02d}{earlier.day:02d}{rest if _is_time(rest) else ''}"


def _date(text: str) -> date | None:
    digits = text[:8]
    if not (len(digits) == 8 and digits.isascii() and digits.isdigit()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _is_time(text: str) -> bool:
    return len(text) <= 18 and all(c in "0123456789.+-" for c in text)
