"""Where the frames of a segmentation lie (PS3.3 C.7.6.16), and the grid that they make by themselves.

A file holds the frames that have anything, in no order, so planes between them may be missing: those of the
grid are as far apart as the file says, or as the nearest two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from rt.dicom.limits import DEFAULT_LIMITS
from rt.errors import DicomError, GeometryError
from rt.geometry import FloatArray, Grid

OFF_PLANE = 0.1
"""Of the distance between two planes: how far one may be off its place."""
SAME_MM = 1e-3
"""Planes, spacings and cosines nearer than this are the same."""


@dataclass(frozen=True)
class Placement:
    """Where a frame's pixels lie."""

    origin_mm: FloatArray
    """Centre of the first pixel, LPS."""
    along: FloatArray
    """Direction cosines of the rows, and of the columns: (2, 3)."""
    spacing_mm: tuple[float, float]
    """Along the rows, and along the columns."""


def functional_group(dataset: Dataset, frame: int, keyword: str) -> Dataset:
    """One functional group of a frame, from its own groups or the shared ones; DicomError without it."""
    own = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    places = [*own[frame : frame + 1], *(dataset.get("SharedFunctionalGroupsSequence") or ())[:1]]
    for place in places:
        if found := place.get(keyword):
            group: Dataset = found[0]
            return group
    raise DicomError(f"frame {frame + 1} has no {keyword}")


def placement(dataset: Dataset, frame: int) -> Placement:
    """Where a frame lies; DicomError where it does not say."""
    origin = functional_group(dataset, frame, "PlanePositionSequence").ImagePositionPatient
    axes = functional_group(dataset, frame, "PlaneOrientationSequence").ImageOrientationPatient
    row_mm, column_mm = functional_group(dataset, frame, "PixelMeasuresSequence").PixelSpacing
    return Placement(
        np.array(origin, dtype=np.float64),
        np.array(axes, dtype=np.float64).reshape(2, 3),
        (float(column_mm), float(row_mm)),
    )


def own_grid(dataset: Dataset) -> Grid:
    """The grid of a segmentation's own frames.

    GeometryError when they are turned against each other, of different spacing, unevenly far apart, or reach
    farther than an image could; DicomError for anything that is missing.
    """
    try:
        return _grid(dataset)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise DicomError(f"the segmentation is incomplete or broken: {error}") from error


def _grid(dataset: Dataset) -> Grid:
    places = [placement(dataset, frame) for frame in range(int(dataset.NumberOfFrames))]
    if not places:
        raise DicomError("the segmentation has no frames")
    first = places[0]
    for one in places:
        turned = np.abs(one.along - first.along).max() > SAME_MM
        if turned or np.abs(np.subtract(one.spacing_mm, first.spacing_mm)).max() > SAME_MM:
            raise GeometryError("the segmentation's frames differ in orientation or pixel spacing")
    axes = np.column_stack([*first.along, np.cross(*first.along)])
    uvw = np.array([one.origin_mm for one in places]) @ axes
    apart = _apart(dataset, uvw[:, 2])
    low, high = uvw.min(axis=0), uvw.max(axis=0)
    pixels = (int(dataset.Columns), int(dataset.Rows), 1)
    spacing = np.array([*first.spacing_mm, apart])
    if not (np.isfinite(uvw).all() and np.isfinite(spacing).all() and (spacing > 0).all()):
        raise GeometryError("the segmentation's frames lie nowhere")
    count = np.round((high - low) / spacing) + pixels
    if count.prod() > DEFAULT_LIMITS.pixel_bytes:
        raise GeometryError("the segmentation's frames lie too far apart")
    return Grid.of(count[::-1].astype(int), spacing, axes @ low, axes)


def _apart(dataset: Dataset, across_mm: FloatArray) -> float:
    """Distance between two planes in mm: as the file says if its planes fit that, else of the nearest two."""
    measures = functional_group(dataset, 0, "PixelMeasuresSequence")
    places = np.unique(across_mm)
    steps = np.diff(places)
    steps = steps[steps > SAME_MM]
    said = [
        measures.get("SpacingBetweenSlices"),
        steps.min() if steps.size else measures.get("SliceThickness"),
    ]
    for apart in (float(one) for one in said if one is not None):
        if apart > SAME_MM:
            off = (places - places[0]) / apart
            if np.abs(off - np.round(off)).max() <= OFF_PLANE:
                return apart
    raise GeometryError("the segmentation's frames are unevenly far apart, or do not say how far")
