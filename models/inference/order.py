"""What lies above and behind what in a head and neck: an order that no patient's anatomy breaks.

Between centres, in LPS.  Counted on the contours of OpenKBP: no pair in `ABOVE` and `BEHIND` is exchanged in
any of the 202 patients (46 to 192 of whom have both contours; the nearest centres are 9 mm apart).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from rt.geometry import FloatArray, Grid
from rt.masks import centre_lps_mm

ABOVE: dict[str, tuple[str, ...]] = {
    "Brainstem": ("SpinalCord", "Bone_Mandible", "Larynx", "Esophagus"),
    "Parotid_R": ("SpinalCord", "Larynx", "Esophagus"),
    "Parotid_L": ("SpinalCord", "Larynx", "Esophagus"),
    "Bone_Mandible": ("SpinalCord", "Larynx", "Esophagus"),
    "Larynx": ("Esophagus",),
}
"""Each with what lies below it."""
BEHIND: dict[str, tuple[str, ...]] = {
    "Brainstem": ("Parotid_R", "Parotid_L", "Larynx", "Bone_Mandible"),
    "SpinalCord": ("Parotid_R", "Parotid_L", "Larynx", "Bone_Mandible"),
    "Parotid_R": ("Bone_Mandible",),
    "Parotid_L": ("Bone_Mandible",),
    "Esophagus": ("Larynx", "Bone_Mandible"),
    "Larynx": ("Bone_Mandible",),
}
"""Each with what lies before it."""


def out_of_order(masks: dict[str, npt.NDArray[np.bool_]], grid: Grid) -> Iterator[tuple[str, str, str]]:
    """Pairs whose centres lie the wrong way round: one, the other, and how the first lies to the second.

    Masks are (k, j, i) on `grid`; what is empty or has no place in the order is passed over.
    """
    known = {*ABOVE, *BEHIND, *(name for row in (*ABOVE.values(), *BEHIND.values()) for name in row)}
    centres: dict[str, FloatArray] = {}
    for name in masks.keys() & known:
        if (centre := centre_lps_mm(masks[name], grid)) is not None:
            centres[name] = centre
    for axis, wrong, order in ((2, "below", ABOVE), (1, "before", BEHIND)):
        for one, others in order.items():
            for other in others:
                if one in centres and other in centres and centres[one][axis] < centres[other][axis]:
                    yield one, other, wrong
