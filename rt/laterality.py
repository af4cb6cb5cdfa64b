"""The sides in structures' names against where the structures lie.

A pair must lie in order, and each of its structures on its own side of the patient's mid-plane: the body's
centre, else the centre of organs in the middle and of other pairs.  Structures near the mid-plane, and
those of the heart and the great veins, which cross it, raise no doubt.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from rt.geometry import Grid
from rt.masks import Mask, centre_lps_mm
from rt.nomenclature import tg263_name
from rt.nomenclature_index import Side

Slug = Literal["side", "side-of-midline"]

PAIR_MM = 2.0
"""How far the right one of a pair must lie left of the left one before it is said."""
MIDLINE_MM = 15.0
"""How far beyond the mid-plane a structure must lie: bodies are not symmetric, nor always wholly scanned."""
IN_THE_MIDDLE = frozenset(
    {"Brainstem", "SpinalCord", "SpinalCanal", "OpticChiasm", "Pituitary", "Larynx", "Bone_Mandible",
     "Prostate", "PubicSymphys", "Sacrum", "Sternum"}
)  # fmt: skip
CROSSING = frozenset({"Atrium", "Ventricle", "A_Coronary", "V_Brachioceph", "LN_Presacral"})
"""Sided structures that may lie across the mid-plane."""


@dataclass(frozen=True)
class Placed:
    """A structure, what its name says by TG-263, and the x of its centre in LPS millimetres."""

    name: str
    tg263: str
    side: Side | None
    x_mm: float

    @property
    def base(self) -> str:
        """The TG-263 name without its side."""
        return self.tg263[:-2] if self.side else self.tg263


@dataclass(frozen=True)
class SideDoubt:
    """A structure that does not lie where its name says, with a word for it and the values of that."""

    structure: str
    slug: Slug
    detail: str
    values: dict[str, str | int]


def placed(name: str, free_text: str, mask_kji: Mask, grid: Grid) -> Placed | None:
    """Where a structure lies, with what the free text that its name came from says; None when it is empty."""
    centre = centre_lps_mm(mask_kji, grid)
    if centre is None:
        return None
    return placed_at(name, free_text, float(centre[0]))


def placed_at(name: str, free_text: str, x_mm: float) -> Placed:
    """A structure whose centre is known, with what the free text that its name came from says."""
    match = tg263_name(free_text)
    return Placed(name, match.name if match else "", match.side if match else None, x_mm)


def tells_the_middle(tg263: str) -> bool:
    """Whether the centre of the structure of this TG-263 name lies in the patient's mid-plane."""
    return tg263 == "External" or tg263 in IN_THE_MIDDLE


def check_sides(structures: Sequence[Placed]) -> list[SideDoubt]:
    """Doubts about sides, at most one a structure."""
    doubts: dict[str, SideDoubt] = {}
    sided = {side: [one for one in structures if one.side == side] for side in get_args(Side)}
    for right in sided["R"]:
        for left in (one for one in sided["L"] if one.base == right.base):
            if right.x_mm - left.x_mm > PAIR_MM:
                detail = f"{right.name} lies left of {left.name}"
                for one in (right, left):
                    values: dict[str, str | int] = {"right": right.name, "left": left.name}
                    doubts.setdefault(one.name, SideDoubt(one.name, "side", detail, values))
    middle = _mid_plane(structures)
    for one in sided["L"] + sided["R"]:
        if middle is not None and one.name not in doubts and (doubt := _beyond(one, middle)):
            doubts[one.name] = doubt
    return [doubts[one.name] for one in structures if one.name in doubts]


def _beyond(one: Placed, middle_mm: float) -> SideDoubt | None:
    wrong_mm = (middle_mm - one.x_mm) if one.side == "L" else (one.x_mm - middle_mm)
    if wrong_mm <= MIDLINE_MM or one.base in CROSSING:
        return None
    mm = round(wrong_mm)
    detail = f"{one.name} lies {mm} mm beyond the middle of the body"
    return SideDoubt(one.name, "side-of-midline", detail, {"name": one.name, "mm": mm})


def _mid_plane(structures: Sequence[Placed]) -> float | None:
    """x of the patient's mid-plane in LPS millimetres, None when nothing tells it."""
    bodies = [one.x_mm for one in structures if one.tg263 == "External"]
    if bodies:
        return bodies[0]
    known = [one.x_mm for one in structures if one.tg263 in IN_THE_MIDDLE]
    for right in (one for one in structures if one.side == "R"):
        left = next((one for one in structures if one.side == "L" and one.base == right.base), None)
        if left is not None and left.x_mm - right.x_mm > 2 * MIDLINE_MM:
            known.append((left.x_mm + right.x_mm) / 2)
    return statistics.median(known) if known else None
