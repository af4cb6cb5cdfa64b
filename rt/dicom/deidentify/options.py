"""The options of the Basic Application Level Confidentiality Profile (PS3.15 E.3) and a choice of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rt.errors import DeidentificationError


class Option(StrEnum):
    """An option; its value is its column in the table."""

    SAFE_PRIVATE = "safe_private"
    UIDS = "uids"
    DEVICE = "device"
    INSTITUTION = "institution"
    PATIENT = "patient"
    FULL_DATES = "full_dates"
    MODIFIED_DATES = "modified_dates"
    DESCRIPTORS = "descriptors"
    STRUCTURED_CONTENT = "structured_content"
    GRAPHICS = "graphics"


BASIC_PROFILE_CODE = ("113100", "Basic Application Confidentiality Profile")
CODES: dict[Option, tuple[str, str]] = {
    Option.SAFE_PRIVATE: ("113111", "Retain Safe Private Option"),
    Option.UIDS: ("113110", "Retain UIDs Option"),
    Option.DEVICE: ("113109", "Retain Device Identity Option"),
    Option.INSTITUTION: ("113112", "Retain Institution Identity Option"),
    Option.PATIENT: ("113108", "Retain Patient Characteristics Option"),
    Option.FULL_DATES: ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    Option.MODIFIED_DATES: ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    Option.DESCRIPTORS: ("113105", "Clean Descriptors Option"),
    Option.STRUCTURED_CONTENT: ("113104", "Clean Structured Content Option"),
    Option.GRAPHICS: ("113103", "Clean Graphics Option"),
}
"""Code value (scheme DCM) and meaning of each option: PS3.16 CID 7050."""


@dataclass(frozen=True)
class Profile:
    """The Basic Profile with some options; DeidentificationError where two of them contradict each other."""

    options: frozenset[Option] = frozenset({Option.MODIFIED_DATES, Option.PATIENT, Option.DESCRIPTORS})
    """By default what planning and follow-up need: intervals, sex and weight, and words that name no one."""

    def __post_init__(self) -> None:
        if {Option.FULL_DATES, Option.MODIFIED_DATES} <= self.options:
            raise DeidentificationError("dates are either kept or moved, not both")

    def has(self, option: Option) -> bool:
        """Whether an option was chosen."""
        return option in self.options

    @property
    def codes(self) -> list[tuple[str, str]]:
        """What DeidentificationMethodCodeSequence (0012,0064) says, the Basic Profile first."""
        return [BASIC_PROFILE_CODE, *(CODES[option] for option in Option if option in self.options)]

    @property
    def temporal_information(self) -> str:
        """LongitudinalTemporalInformationModified (0028,0303)."""
        if self.has(Option.FULL_DATES):
            return "UNMODIFIED"
        return "MODIFIED" if self.has(Option.MODIFIED_DATES) else "REMOVED"
