"""Contours with holes as keyholes: the same points, joined slice by slice (PS3.3 C.8.8.6.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rt.contours import ContourWarning, place_polygons
from rt.dicom.contour_data import Contour
from rt.geometry import Grid
from rt.keyhole import Path, join_holes


def join_contours(
    contours: Sequence[Contour], grid: Grid
) -> tuple[list[Contour], tuple[ContourWarning, ...]]:
    """The contours with each hole joined to what is around it; a slice without holes is left as it is.

    Points are joined as the decimal strings that they are, so that no number changes.  Where rings of a
    slice touch, cross, repeat each other or lie in two planes, they stay apart and a warning says so.
    """
    closed = [contour for contour in contours if contour.encloses]
    placement = place_polygons([contour.points_mm for contour in closed], grid)
    joined: list[Contour] = []
    apart: list[ContourWarning] = []
    done: set[int] = set()
    for k, rings in placement.rings.items():
        here = [n for n, at in enumerate(placement.slices) if at == k]
        if len(here) == 1:
            continue
        paths = join_holes([ring.ij for ring in rings]) if len(rings) == len(here) else None
        if paths is None:
            apart.append(ContourWarning("holes-not-joined", f"slice {k}: its rings touch or cross"))
        elif len(paths) < len(here):
            done.update(here)
            joined += [_along(path, [closed[ring.number] for ring in rings]) for path in paths]
    kept = {id(contour) for n, contour in enumerate(closed) if n in done}
    return [c for c in contours if id(c) not in kept] + joined, tuple(apart)


def _along(path: Path, contours: Sequence[Contour]) -> Contour:
    """The contour that a way around the vertices of some contours describes."""
    words = [contour.data.split("\\") for contour in contours]
    points = ["\\".join(words[ring][3 * vertex : 3 * vertex + 3]) for ring, vertex in path]
    return replace(contours[path[0][0]], data="\\".join(points))
