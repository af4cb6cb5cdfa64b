"""A series of slices as one volume on a checked Grid.

Headers come first: `check_geometry` sorts them along the normal and says, as typed findings, what is wrong,
without a pixel.  `assemble` then fills the volume slice by slice, so that memory is the volume and the slices
that are being read.  Nothing is resampled here: a stack that is no right-angled lattice is refused, not
repaired.

Values: CT is HU in int16 (slope 1).  MR is the stored value in int16 with one slope, or float32 where slices
differ, have an intercept or do not fit.  PET is float32, body-weight SUV where the header allows it, because
each slice has a slope of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rt.dicom.headers import SliceHeader
from rt.errors import GeometryError
from rt.geometry import FloatArray, Grid

ORIENTATION_TOLERANCE = 1e-3
"""Largest difference of direction cosines within a series; 0.25 mm over a body."""
SILENT_FRACTION, WARNED_FRACTION = 0.01, 0.1
"""Distance of a slice from its place in an even stack, in spacings: up to which it is noise, is warned of."""
TILT_PIXELS = 0.5
"""Drift of the slices' corners across the normal, over the whole stack, beyond which it is sheared."""
READERS = 2
"""Threads that read slices of one volume."""
DEFAULT_WINDOWS = {"CT": (-160.0, 240.0)}
"""Soft tissue, in HU, where the header has no window."""
AIR_SHARE = 0.05
"""Of an MR's range: what is darker is air."""
MR_WINDOW_FITS = 0.3
"""Share of the voxels' range that a stated window must show, and that they must have of it."""


@dataclass(frozen=True)
class GeometryFinding:
    """Something about a series that a person should know; a refusal means there is no volume."""

    slug: str
    detail: str
    severity: Literal["warning", "refusal"]
    values: dict[str, str | int | float] = field(default_factory=dict)
    """The numbers of `detail`, for a sentence in another language."""


@dataclass(frozen=True)
class SeriesGeometry:
    """The grid of a series, its slices in the order of k, and what was found on the way."""

    grid: Grid | None
    """None when refused."""
    slices: tuple[SliceHeader, ...]
    findings: tuple[GeometryFinding, ...]


@dataclass(frozen=True)
class SeriesVolume:
    """A volume of checked geometry: voxels × slope = value in `unit`."""

    grid: Grid
    voxels_kji: npt.NDArray[np.int16] | npt.NDArray[np.float32]
    slope: float
    unit: str
    window: tuple[float, float]
    """Low and high, in `unit`."""
    sop_instance_uids: tuple[str, ...]
    """Of each k; the same one throughout for a multi-frame instance."""
    frame_of_reference_uid: str
    warnings: tuple[GeometryFinding, ...]


class _Refused(Exception):
    def __init__(self, slug: str, detail: str, **values: str | int | float) -> None:
        self.finding = GeometryFinding(slug, detail, "refusal", values)


def check_geometry(headers: Sequence[SliceHeader]) -> SeriesGeometry:
    """The grid and order of a series' slices, or the reason why there is none."""
    findings: list[GeometryFinding] = []
    try:
        slices = _set_aside(list(headers), findings)
        _check_alike(slices, findings)
        slices = _sorted(slices, findings)
        grid = _grid(slices, findings)
    except _Refused as refused:
        return SeriesGeometry(None, (), (*findings, refused.finding))
    if slices[0].modality == "CT" and not all(s.has_rescale for s in slices):
        _warn(findings, "missing-rescale", "no rescale slope and intercept: values may not be HU")
    return SeriesGeometry(grid, tuple(slices), tuple(findings))


def assemble(
    headers: Sequence[SliceHeader],
    read_pixels: Callable[[SliceHeader], npt.NDArray[Any]],
    keep: Callable[[npt.NDArray[Any]], object] = lambda plane: None,
) -> SeriesVolume:
    """The volume of a series; `read_pixels` gives the stored values (rows, columns) of a slice.

    It is called from two threads, while `keep` gets the planes that are done, in the order of k.  Raises
    GeometryError with the refusal's words, `where` being its slug.
    """
    geometry = check_geometry(headers)
    if geometry.grid is None:
        refusal = next(f for f in geometry.findings if f.severity == "refusal")
        raise GeometryError(refusal.detail, where=refusal.slug)
    slices = geometry.slices
    keeps_stored = _keeps_stored(slices)
    as_int16 = keeps_stored or slices[0].modality == "CT"
    voxels: npt.NDArray[Any] = np.empty(geometry.grid.shape_kji, dtype=np.int16 if as_int16 else np.float32)

    def filled(plane: npt.NDArray[Any], header: SliceHeader) -> npt.NDArray[Any]:
        stored = read_pixels(header)
        _check_shape(stored, plane)
        values = stored if keeps_stored else _rescaled(stored, header)
        plane[...] = _as_int16(values) if as_int16 else values
        return plane

    with ThreadPoolExecutor(READERS) as pool:
        for plane in pool.map(filled, voxels, slices):
            keep(plane)
    slope = slices[0].slope if keeps_stored else 1.0
    return SeriesVolume(
        grid=geometry.grid,
        voxels_kji=voxels,
        slope=slope,
        unit=slices[0].unit,
        window=_window(slices, voxels, slope),
        sop_instance_uids=tuple(s.sop_instance_uid for s in slices),
        frame_of_reference_uid=slices[0].frame_of_reference_uid,
        warnings=geometry.findings,
    )


def _check_shape(stored: npt.NDArray[Any], plane: npt.NDArray[Any]) -> None:
    if stored.shape != plane.shape:
        raise GeometryError(f"a slice of {stored.shape} pixels where its header says {plane.shape}")


def _rescaled(stored: npt.NDArray[Any], header: SliceHeader) -> npt.NDArray[Any]:
    """Values in the slice's unit: int32 where all are whole and below 2**24, which float32 has too."""
    slope, intercept = float(header.slope), float(header.intercept)
    is_whole = stored.dtype.kind in "iu" and slope.is_integer() and intercept.is_integer()
    if not is_whole or stored.dtype.itemsize > 2 or 2**16 * abs(slope) + abs(intercept) >= 2**24:
        return stored * np.float32(slope) + np.float32(intercept)
    values = stored.astype(np.int32)
    if slope != 1:
        values *= np.int32(slope)
    values += np.int32(intercept)
    return values


def _as_int16(values: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
    rounded = values if values.dtype.kind in "iu" else np.rint(values)
    clipped: npt.NDArray[np.int16] = np.clip(rounded, -32768, 32767).astype(np.int16)
    return clipped


def _warn(findings: list[GeometryFinding], slug: str, detail: str, **values: str | int | float) -> None:
    findings.append(GeometryFinding(slug, detail, "warning", values))


def _set_aside(headers: list[SliceHeader], findings: list[GeometryFinding]) -> list[SliceHeader]:
    """Without localizers, which share a series with the scan they planned."""
    if not headers:
        raise _Refused("no-slices", "the series has no images")
    slices = [h for h in headers if "LOCALIZER" not in h.image_type]
    if not slices:
        raise _Refused("only-localizers", "the series has only localizer images")
    if len(slices) < len(headers):
        n = len(headers) - len(slices)
        _warn(findings, "localizer-set-aside", f"{n} localizer images were set aside", n=n)
    return slices


def _check_alike(slices: list[SliceHeader], findings: list[GeometryFinding]) -> None:
    frames = {s.frame_of_reference_uid for s in slices}
    if len(frames) > 1:
        raise _Refused("two-frames-of-reference", f"the slices name {len(frames)} frames of reference")
    if frames == {""}:
        _warn(findings, "missing-frame-of-reference", "the series names no frame of reference")
    sizes = Counter((s.rows, s.columns, *np.round(s.spacing_ij_mm, 4)) for s in slices)
    if len(sizes) > 1:
        words = ", ".join(f"{n} of {r}×{c} at {i:g}×{j:g} mm" for (r, c, i, j), n in sizes.most_common(3))
        raise _Refused("mixed-sizes", f"slices of different size: {words}")
    first = np.asarray(slices[0].orientation)
    other = sum(1 for s in slices if np.abs(np.asarray(s.orientation) - first).max() > ORIENTATION_TOLERANCE)
    if other:
        detail = f"{other} of {len(slices)} slices are not parallel to the first"
        raise _Refused("mixed-orientations", detail, n=other, total=len(slices))
    _axes(slices[0])


def _axes(header: SliceHeader) -> FloatArray:
    """The 3×3 matrix with columns i, j, k: the header's cosines made orthonormal, k their cross product."""
    i, j = np.asarray(header.orientation[:3]), np.asarray(header.orientation[3:])
    lengths = np.array([np.linalg.norm(i), np.linalg.norm(j)])
    if np.abs(lengths - 1).max() > ORIENTATION_TOLERANCE or abs(float(i @ j)) > ORIENTATION_TOLERANCE:
        raise _Refused("bad-orientation", "the direction cosines are not of unit length at right angles")
    i = i / lengths[0]
    j = j - (i @ j) * i
    j = j / np.linalg.norm(j)
    return np.stack([i, j, np.cross(i, j)], axis=1)


def _sorted(slices: list[SliceHeader], findings: list[GeometryFinding]) -> list[SliceHeader]:
    """By place along the normal, one slice for each place."""
    normal = _axes(slices[0])[:, 2]
    ordered = sorted(
        slices,
        key=lambda s: (float(np.dot(s.position_lps_mm, normal)), s.instance_number, s.sop_instance_uid),
    )
    heights = np.array([np.dot(s.position_lps_mm, normal) for s in ordered])
    gaps = np.diff(heights)
    apart = gaps[gaps > 1e-3]
    if len(ordered) > 1 and apart.size == 0:
        n = len(ordered)
        raise _Refused("repeated-positions", f"all {n} slices lie in one place", n=n, total=n)
    tolerance = 0.05 * float(np.median(apart)) if apart.size else 0.0
    kept = [s for n, s in enumerate(ordered) if n == 0 or gaps[n - 1] > tolerance]
    doubled = len(ordered) - len(kept)
    if doubled > max(2, 0.1 * len(kept)):
        raise _Refused(
            "repeated-positions",
            f"{doubled} of {len(ordered)} slices lie where another one lies: several acquisitions?",
            n=doubled,
            total=len(ordered),
        )
    if doubled:
        detail = f"{doubled} slices lie where another one lies and were set aside"
        _warn(findings, "duplicated-slices", detail, n=doubled)
    return kept


def _grid(slices: list[SliceHeader], findings: list[GeometryFinding]) -> Grid:
    axes = _axes(slices[0])
    first = slices[0]
    if len(slices) == 1:
        step = first.thickness_mm if first.thickness_mm and first.thickness_mm > 0 else 1.0
        detail = f"one slice only; its thickness, {step:g} mm, is taken as spacing"
        _warn(findings, "single-slice", detail, mm=step)
    else:
        step = _even_step(slices, axes, findings)
        _check_sheared(slices, axes)
    spacing = (*first.spacing_ij_mm, step)
    return Grid.of((len(slices), first.rows, first.columns), spacing, first.position_lps_mm, axes)


def _even_step(slices: list[SliceHeader], axes: FloatArray, findings: list[GeometryFinding]) -> float:
    heights = np.array([np.dot(s.position_lps_mm, axes[:, 2]) for s in slices])
    gaps = np.diff(heights)
    step = float(heights[-1] - heights[0]) / (len(heights) - 1)
    worst = float(np.abs(heights - heights[0] - step * np.arange(len(heights))).max())
    if worst <= SILENT_FRACTION * step:
        return step
    usual = float(np.median(gaps))
    counts = np.rint(gaps / usual)
    if counts.max() > 1 and np.abs(gaps - counts * usual).max() <= WARNED_FRACTION * usual:
        at = ", ".join(f"{heights[n]:.1f}" for n in np.flatnonzero(counts > 1)[:5])
        n = int((counts - 1).sum())
        raise _Refused("missing-slices", f"{n} slices are missing, after {at} mm", n=n, at=at)
    between = {"low": round(float(gaps.min()), 2), "high": round(float(gaps.max()), 2)}
    if worst > WARNED_FRACTION * step or np.abs(gaps - step).max() > 2 * WARNED_FRACTION * step:
        detail = f"the slices lie {gaps.min():.2f} to {gaps.max():.2f} mm apart"
        raise _Refused("uneven-spacing", detail, **between)
    detail = f"slices lie up to {worst:.2f} mm beside an even stack of {step:.3f} mm"
    _warn(findings, "uneven-spacing", detail, **between)
    return step


def _check_sheared(slices: list[SliceHeader], axes: FloatArray) -> None:
    offsets = np.array([s.position_lps_mm for s in slices]) - np.asarray(slices[0].position_lps_mm)
    drift = np.abs(offsets @ axes[:, :2]) / np.asarray(slices[0].spacing_ij_mm)
    if drift.max() > TILT_PIXELS:
        way = offsets[-1]
        across, along = np.linalg.norm(way @ axes[:, :2]), abs(way @ axes[:, 2])
        angle = round(float(np.degrees(np.arctan2(across, along))), 1)
        raise _Refused("gantry-tilt", f"the stack is sheared by {angle}° (gantry tilt)", degrees=angle)


def _keeps_stored(slices: Sequence[SliceHeader]) -> bool:
    """True for MR whose stored values fit int16 and have one slope and no intercept."""
    first = slices[0]
    fits = first.bits_stored <= 15 or (first.signed and first.bits_stored <= 16)
    alike = all(s.slope == first.slope and s.intercept == 0 and s.signed == first.signed for s in slices)
    return first.modality == "MR" and fits and alike and first.slope > 0


def _window(slices: Sequence[SliceHeader], voxels: npt.NDArray[Any], slope: float) -> tuple[float, float]:
    """The middle slice's window, or the modality's, or what the voxels themselves ask for.

    An MR's stated window counts only where it fits the whole volume: some state it in other units than the
    pixels', or the full range of the bits.
    """
    modality = slices[0].modality
    stated = slices[len(slices) // 2].window
    if stated is None and modality in DEFAULT_WINDOWS:
        return DEFAULT_WINDOWS[modality]
    if stated is not None and modality not in ("PT", "MR"):
        return _ends(stated)
    sample = voxels[:: max(1, len(voxels) // 16), ::4, ::4].astype(np.float64) * slope
    if modality != "MR":
        low, high = (float(v) for v in np.percentile(sample, [1, 99]))
        return (low, high if high > low else low + 1.0)
    own = _mr_window(sample)
    return _ends(stated) if stated is not None and _fits(_ends(stated), own) else own


def _ends(centre_width: tuple[float, float]) -> tuple[float, float]:
    centre, width = centre_width
    return (centre - width / 2, centre + width / 2)


def _mr_window(sample: npt.NDArray[np.float64]) -> tuple[float, float]:
    """From air to what all but the brightest of what is not air stay below: half or more of a scan is air."""
    low = float(np.percentile(sample, 1))
    bright = sample[sample > low + AIR_SHARE * (float(sample.max()) - low)]
    high = float(np.percentile(bright, 99)) if bright.size else low
    return (low, high if high > low else low + 1.0)


def _fits(stated: tuple[float, float], own: tuple[float, float]) -> bool:
    """Whether a stated window shows the voxels: neither nearly all black, nor all white, nor flat."""
    width, range_ = stated[1] - stated[0], own[1] - own[0]
    overlap = min(stated[1], own[1]) - max(stated[0], own[0])
    return overlap > MR_WINDOW_FITS * range_ and width < range_ / MR_WINDOW_FITS
