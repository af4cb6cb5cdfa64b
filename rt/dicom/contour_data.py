"""A contour as DICOM holds it: the very decimal strings, so that what was not edited goes out unchanged.

PS3.3 C.8.8.6.  A number in ContourData is a decimal string of at most 16 bytes (PS3.5 6.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from rt.contours import ContourWarning, Filled, WarningSlug, fill_polygons
from rt.errors import DicomError
from rt.geometry import FloatArray, Grid

DS_BYTES = 16
"""Longest decimal string (PS3.5 6.2)."""
DECIMALS = 6
"""Decimals written: a nanometre, far below any scanner."""
FURTHEST_MM = 1e6
"""A coordinate further from the origin than a kilometre is of no patient."""
NAMED_CONTOURS = 10
"""Contours of one structure that a warning names by their number."""
OUTSIDE: WarningSlug = "contour-outside-volume"
CLOSED_TYPES = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})
"""Geometric types that enclose an area (PS3.3 C.8.8.6.3)."""


@dataclass(frozen=True)
class Contour:
    """One item of a Contour Sequence."""

    data: str
    """ContourData: x, y, z, x, … in LPS millimetres, joined by backslashes."""
    geometric_type: str = "CLOSED_PLANAR"
    referenced_sop_instance_uid: str | None = None

    @cached_property
    def points_mm(self) -> FloatArray:
        """(n, 3) LPS millimetres; DicomError when the data are no triples of numbers that can be."""
        words = self.data.split("\\") if self.data.strip() else []
        try:
            values = np.array(words, dtype=np.float64)
        except ValueError as error:
            raise DicomError("something in ContourData is not a number") from error
        if len(values) % 3:
            raise DicomError(f"{len(values)} values in ContourData are no triples")
        if not np.isfinite(values).all():
            raise DicomError("a value in ContourData is not finite")
        if values.size and np.abs(values).max() > FURTHEST_MM:
            raise DicomError("a point is further than a kilometre away")
        return values.reshape(-1, 3)

    @property
    def encloses(self) -> bool:
        """True if the contour is closed and has an inside."""
        return self.geometric_type in CLOSED_TYPES and len(self.points_mm) >= 3

    @property
    def is_whole(self) -> bool:
        """False of a closed contour with too few points to enclose anything: it is written nowhere."""
        return self.encloses or self.geometric_type not in CLOSED_TYPES

    @classmethod
    def of_points(
        cls,
        points_mm: FloatArray,
        referenced_sop_instance_uid: str | None = None,
        geometric_type: str = "CLOSED_PLANAR",
    ) -> Self:
        """A contour, closed unless another type is given, of (n, 3) LPS millimetres."""
        data = "\\".join(map(format_ds, np.asarray(points_mm).ravel().tolist()))
        return cls(data, geometric_type, referenced_sop_instance_uid)


def format_ds(value: float) -> str:
    """A decimal string of at most 16 bytes: six decimals, fewer where the number is too long for them."""
    text = f"{value:.{DECIMALS}f}"
    if len(text) > DS_BYTES:
        digits = 10
        while len(text := f"{value:.{digits}g}") > DS_BYTES:
            digits -= 1
        return text
    text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def enclosing(contours: Iterable[Contour]) -> list[Contour]:
    """The contours that enclose an area."""
    return [contour for contour in contours if contour.encloses]


def fill_contours(contours: Sequence[Contour], grid: Grid) -> Filled:
    """The mask of a structure's contours on a grid, with warnings where some are not in it.

    All that lie outside the image are one warning, `structure-outside-volume` when none is left.
    """
    numbers = [number for number, contour in enumerate(contours, start=1) if contour.encloses]
    filled = fill_polygons([contours[number - 1].points_mm for number in numbers], grid)
    outside = [numbers[n - 1] for w in filled.warnings if w.slug == OUTSIDE for n in w.numbers]
    warnings = [w for w in filled.warnings if w.slug != OUTSIDE]
    if outside:
        warnings.insert(0, _outside(outside, len(numbers), len(contours)))
    if left := len(contours) - len(numbers):
        warnings.append(ContourWarning("contour-not-closed", f"{left} points or open lines enclose nothing"))
    return Filled(filled.mask_kji, tuple(warnings))


def _outside(outside: Sequence[int], closed: int, every: int) -> ContourWarning:
    """What is said of the contours of these numbers, of so many, some of which enclose something."""
    if len(outside) == closed:
        how_many = "its only contour lies" if closed == 1 else f"all {closed} contours lie"
        detail = f"{how_many} outside the image; nothing is left of it"
        return ContourWarning("structure-outside-volume", detail)
    named = tuple(outside[:NAMED_CONTOURS])
    more = ", …" if len(outside) > NAMED_CONTOURS else ""
    which = ", ".join(map(str, named)) + more
    detail = f"contour {which} of {every}: outside the image, left out ({len(outside)} in all)"
    return ContourWarning(OUTSIDE, detail, numbers=named)


def contours_to_json(contours: Iterable[Contour]) -> list[list[str | None]]:
    """A JSON array that `contours_from_json` reads back to the very same strings."""
    return [[c.geometric_type, c.referenced_sop_instance_uid, c.data] for c in contours]


def contours_from_json(data: Sequence[Sequence[str | None]]) -> tuple[Contour, ...]:
    """The contours that `contours_to_json` wrote; DicomError on anything else."""
    contours: list[Contour] = []
    for item in data:
        match item:
            case [str(kind), (str() | None) as uid, str(text)]:
                contours.append(Contour(text, kind, uid))
            case _:
                raise DicomError("not a list of contours in JSON")
    return tuple(contours)
