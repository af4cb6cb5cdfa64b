"""What readers say of candidates."""

from __future__ import annotations

from enum import StrEnum


class CandidateState(StrEnum):
    """What a reader said of a candidate."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
