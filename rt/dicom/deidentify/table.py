"""PS3.15 Tables E.1-1 and E.3.10-1 as data, and the one action that the first asks for on an attribute.

They are `table_e1_1.csv` and `table_e3_10_1.csv`, which name their editions and sources.  Actions: X remove,
Z empty, D dummy, U another UID, K keep, C clean.  Compound ones (X/Z/D …) depend on what the object's IOD
requires.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rt.dicom.deidentify.options import Option, Profile

EDITION = "PS3.15 2026c"
"""Of the rows and of the Basic Profile's actions; see the file for the options."""
DATES = frozenset({Option.FULL_DATES, Option.MODIFIED_DATES})
_FILE = Path(__file__).with_name("table_e1_1.csv")
_SAFE_PRIVATE_FILE = Path(__file__).with_name("table_e3_10_1.csv")

IOD_TYPES: dict[str, dict[str, int]] = {
    "AcquisitionContextSequence": {"CT": 2, "MR": 2},
    "AcquisitionDate": {"PT": 2},
    "AcquisitionTime": {"PT": 2},
    "ContentCreatorName": {"SEG": 2, "REG": 2},
    "ContentDate": {"SEG": 1, "REG": 1},
    "ContentTime": {"SEG": 1, "REG": 1},
    "ContrastBolusAgent": {"CT": 2, "MR": 2},
    "DeviceSerialNumber": {"SEG": 1},
    "OperatorsName": {"RTSTRUCT": 2, "RTDOSE": 2, "RTPLAN": 2},
    "PatientID": {"*": 2},
    "RTPlanDate": {"RTPLAN": 2},
    "RTPlanTime": {"RTPLAN": 2},
    "ReviewerName": {"RTSTRUCT": 2, "RTDOSE": 2, "RTPLAN": 2},
    "SeriesDate": {"PT": 1},
    "SeriesTime": {"PT": 1},
    "TreatmentMachineName": {"RTPLAN": 2},
}
"""Type (PS3.3) by keyword and modality, `*` for all, of attributes with compound actions in objects that are
taken in; those not listed are type 3."""


@dataclass(frozen=True)
class Row:
    """One attribute of the table."""

    keyword: str
    basic: str
    options: dict[Option, str]

    def action(self, profile: Profile, modality: str, vr: str) -> str:
        """X, Z, D, U, K or C.  Of several options' actions the cleaning one wins; dates follow only the
        options on dates, since a device's dates place its patients in time as well."""
        chosen = {o: a for o, a in self.options.items() if o in profile.options}
        if vr in ("DA", "DT", "TM"):
            chosen = {o: a for o, a in chosen.items() if o in DATES}
        if chosen:
            return "C" if "C" in chosen.values() else "K"
        return resolved(self.basic, IOD_TYPES.get(self.keyword, {}), modality)


def resolved(action: str, types: dict[str, int], modality: str) -> str:
    """The one of a compound action's letters that keeps an object valid and tells least."""
    letters = action.replace("*", "").split("/")
    if len(letters) == 1:
        return letters[0]
    if "U" in letters:
        return "U"
    order = {1: "DZX", 2: "ZDX", 3: "XZD"}[types.get(modality, types.get("*", 3))]
    return next(letter for letter in order if letter in letters)


@lru_cache
def rows() -> dict[str, Row]:
    """All rows by tag: eight hexadecimal digits, with `x` where the table says any, or `private`."""
    with _FILE.open(encoding="ascii", newline="") as file:
        lines = csv.DictReader(line for line in file if not line.startswith("#"))
        return {
            line["tag"]: Row(
                line["keyword"], line["basic"], {o: line[o.value] for o in Option if line[o.value]}
            )
            for line in lines
        }


@lru_cache
def safe_private() -> dict[tuple[str, int, int], str]:
    """VR of each safe private attribute by private creator, group and element within the block."""
    with _SAFE_PRIVATE_FILE.open(encoding="ascii", newline="") as file:
        lines = csv.DictReader(line for line in file if not line.startswith("#"))
        return {
            (line["creator"], int(line["group"], 16), int(line["element"], 16)): line["vr"] for line in lines
        }


def row_of(tag: int) -> Row | None:
    """The table's row for a tag; None where it has none."""
    group, digits = tag >> 16, f"{tag:08X}"
    if group % 2:
        return rows()["private"]
    if 0x5000 <= group <= 0x50FF:
        return rows()["50xxxxxx"]
    if 0x6000 <= group <= 0x60FF:
        return rows().get(f"60xx{digits[4:]}", rows()["60xx3000"])
    return rows().get(digits)
