"""How contours are written for the system that is to read them: one JSON file a profile beside this module.

Every profile writes CLOSED_PLANAR and never CLOSEDPLANAR_XOR, the ROI Display Color, and a Structure Set
Label of at most 16 characters (SH; Eclipse refuses longer ones, pytrip issue 285).  A field without an entry
in `sources` has no public source for that system: it has the generic value, and whoever exports is told so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

Holes = Literal["nested", "keyhole"]
FIELDS = ("holes", "name_length", "most_points")
"""What a profile decides."""


@dataclass(frozen=True)
class ExportProfile:
    """What a receiving system takes."""

    name: str
    title: str
    """The system's own name."""
    holes: Holes
    """Rings within rings, or joined to the ring around them (PS3.3 C.8.8.6.3)."""
    name_length: int
    """Characters of a structure's name that the system shows; longer ones leave whole, with a warning."""
    most_points: int | None
    """Points of a contour beyond which is warned; None for no limit."""
    sources: Mapping[str, str]
    """For a field, where its value is from."""

    @property
    def unsourced(self) -> tuple[str, ...]:
        """Fields with the generic value because nothing public says another."""
        return tuple(field for field in FIELDS if field not in self.sources)


@cache
def profiles() -> Mapping[str, ExportProfile]:
    """All profiles by name; ValueError for a file that is none, which is a mistake of ours."""
    files = sorted(Path(__file__).parent.glob("*.json"))
    return {file.stem: _read(file) for file in files}


def _read(file: Path) -> ExportProfile:
    fields = json.loads(file.read_text(encoding="utf-8"))
    profile = ExportProfile(name=file.stem, **fields)
    if profile.holes not in get_args(Holes) or not 1 <= profile.name_length <= 64:
        raise ValueError(f"{file.name} is not an export profile")
    return profile


GENERIC = profiles()["generic"]
"""What is written when nothing is known of the reader."""
