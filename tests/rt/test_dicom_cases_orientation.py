"""DICOM cases 16 to 21: wherever the patient lies and however the slices are stored, it is one patient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from rt.contours import fill_polygons, place_polygons
from rt.dicom.contour_data import fill_contours
from rt.dicom.headers import slice_headers
from rt.dicom.parse import parse_instance
from rt.dicom.pixels import decode_frames
from rt.dicom.profiles import profiles
from rt.dicom.rtdose import read_dose
from rt.dicom.series import SeriesGeometry, check_geometry
from rt.geometry import FloatArray, Grid
from rt.masks import Mask
from tests.factories import dicom as factory
from tests.rt.grids import ORIENTATIONS, ball, oriented_grid, rings_of
from tests.rt.objects import read_mask, rois_of, series_on, structure

SHAPE = (6, 21, 30)
POSITIONS = ("HFS", "HFP", "FFS", "FFP", "HFDL", "HFDR", "FFDL", "FFDR")
CENTRE_MM = np.array([3.25, -7.5, 40.0])
OUTLINE_MM = np.array([(-10.3, -8.1), (12.2, -8.1), (12.2, 1.4), (-1.7, 1.4), (-1.7, 9.6), (-10.3, 9.6)])
"""An L in x and y around the centre: its mirror images and turns are all different."""
DEEP_MM = (-4.0, 7.0)
"""Its extent along z."""


def centred_grid(name: str, shape: tuple[int, int, int] = (13, 40, 31)) -> Grid:
    """A grid of a patient position around one point of the patient."""
    axes = oriented_grid(name, shape).matrix
    spacing = np.array([0.977, 1.31, 2.5])
    middle = (np.array(shape[::-1]) - 1) / 2
    return Grid.of(shape, spacing, CENTRE_MM - axes @ (spacing * middle), axes)


def patient_mask(grid: Grid) -> Mask:
    """The voxels whose centres lie in the L, by a rule on millimetres."""
    k, j, i = np.indices(grid.shape_kji)
    x, y, z = np.moveaxis(grid.to_lps(np.stack([i, j, k], axis=-1)) - CENTRE_MM, -1, 0)
    (x0, y0), (x1, _), (x2, y1), y2 = OUTLINE_MM[0], OUTLINE_MM[1], OUTLINE_MM[3], OUTLINE_MM[4, 1]
    wide = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    tall = (x > x0) & (x < x2) & (y > y0) & (y < y2)
    inside: Mask = (wide | tall) & (z > DEEP_MM[0]) & (z < DEEP_MM[1])
    return inside


def outlines(step_mm: float = 2.5) -> list[FloatArray]:
    """The L as one contour on each plane of z that the grids have."""
    heights = [h for h in np.arange(-6, 7) * step_mm if DEEP_MM[0] < h < DEEP_MM[1]]
    return [np.column_stack([OUTLINE_MM, np.full(len(OUTLINE_MM), h)]) + CENTRE_MM for h in heights]


def geometry_of(series: Sequence[Dataset]) -> SeriesGeometry:
    return check_geometry([header for slice_ in series for header in slice_headers(slice_)])


def refusal(series: Sequence[Dataset]) -> str:
    geometry = geometry_of(series)
    assert geometry.grid is None
    return next(f.slug for f in geometry.findings if f.severity == "refusal")


def test_case_16_oblique_contours_lose_no_slice() -> None:
    grid = oriented_grid("oblique", (12, 30, 30))
    mask = ball(grid.shape_kji, (6, 15, 14), 5)
    series = series_on(grid)
    (roi,) = rois_of(series, [structure(mask)])
    heights = [np.ptp(contour.points_mm[:, 2]) for contour in roi.contours]
    assert min(heights[1:-1]) > grid.spacing_ijk_mm[2], "z varies within a contour by more than a slice"
    used = {series.sop_instance_uids.index(str(c.referenced_sop_instance_uid)) for c in roi.contours}
    assert used == set(np.flatnonzero(mask.any(axis=(1, 2))).tolist())
    filled = fill_contours(roi.contours, grid)
    assert filled.warnings == ()
    assert np.array_equal(filled.mask_kji, mask)


@pytest.mark.parametrize("name", ["SAGITTAL", "CORONAL"])
def test_case_17_slices_across_the_body_have_their_axis_there(name: str) -> None:
    series = factory.make_ct_series(
        (9, 12, 16), orientation=factory.ORIENTATIONS[name], spacing_ijk_mm=(2.0, 3.0, 4.0)
    )
    grid = geometry_of(series).grid
    assert grid is not None
    across = {"SAGITTAL": 0, "CORONAL": 1}[name]
    assert np.flatnonzero(np.abs(grid.matrix[:, 2]) > 0.5).tolist() == [across]
    mask = ball(grid.shape_kji, (5, 6, 9), 3)
    assert np.array_equal(read_mask(mask, grid), mask)
    (roi,) = rois_of(series_on(grid), [structure(mask)])
    flat = [np.ptp(contour.points_mm, axis=0).argmin() for contour in roi.contours]
    assert set(flat) == {across}


def test_case_17_a_contour_across_the_slices_is_named_not_flattened() -> None:
    grid = oriented_grid("HFS", (9, 30, 30))
    across = grid.to_lps([[5, 5, 1], [9, 5, 1], [9, 5, 7], [5, 5, 7]])
    placement = place_polygons([across], grid)
    assert placement.slices == (None,)
    assert [w.slug for w in placement.warnings] == ["contour-not-planar"]


@pytest.mark.parametrize("name", POSITIONS)
def test_case_18_contours_of_one_patient_fill_the_same_patient_in_every_position(name: str) -> None:
    grid = centred_grid(name)
    filled = fill_polygons(outlines(), grid)
    assert filled.warnings == ()
    assert filled.mask_kji.sum() > 500
    assert np.array_equal(filled.mask_kji, patient_mask(grid))


@pytest.mark.parametrize("profile", ["generic", "keyhole"])
@pytest.mark.parametrize("name", [*ORIENTATIONS, "oblique"])
def test_case_18_written_mask_reads_back_in_every_orientation(name: str, profile: str) -> None:
    mask = ball(SHAPE, (2.5, 10, 14), 8)
    mask[:, 8:13, 11:17] = False
    mask[:, 10, 14] = True
    assert np.array_equal(read_mask(mask, oriented_grid(name, SHAPE), profiles()[profile]), mask)


@pytest.mark.parametrize("name", [*POSITIONS, "SAGITTAL", "CORONAL"])
def test_case_19_dose_lies_where_its_header_says_in_every_orientation(name: str) -> None:
    """With an offset of part of a voxel; the histograms on it are tested where they are computed."""
    ct = factory.make_ct_series((4, 6, 8), orientation=factory.ORIENTATIONS[name])
    spacing, shape, slope = (2.5, 3.5, 4.0), (5, 7, 9), np.array([0.3, -0.2, 0.1])
    offset = np.array([0.37, -1.21, 0.83])
    first = np.asarray(ct[0].ImagePositionPatient, dtype=float) + offset
    cosines = np.asarray(factory.ORIENTATIONS[name])
    axes = np.column_stack([cosines[:3], cosines[3:], np.cross(cosines[:3], cosines[3:])])
    k, j, i = np.indices(shape)
    places = first + np.stack([i, j, k], axis=-1) * spacing @ axes.T
    gray = 30 + (places - first) @ slope
    dataset = factory.make_rtdose(ct, gray, spacing)
    dataset.ImagePositionPatient = [f"{v:.6f}" for v in first]
    parsed = parse_instance(factory.encode(dataset))
    volume = read_dose(parsed.dataset, decode_frames(parsed.data))
    assert np.allclose(volume.grid.to_lps(np.stack([i, j, k], axis=-1)), places, atol=1e-5)
    assert np.allclose(volume.dose_gy_kji, gray, atol=2e-3)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(8)))
def test_case_20_the_order_of_files_and_the_sign_of_their_spacing_do_not_matter(order: list[int]) -> None:
    series = factory.make_ct_series((8, 4, 4))
    expected = geometry_of(series)
    for slice_ in series:
        slice_.SpacingBetweenSlices = -3
    assert geometry_of([series[n] for n in order]) == expected


def test_case_20_reversed_slice_order_gives_the_same_patient_mask() -> None:
    grid = oriented_grid("HFS", (6, 20, 20))
    turned = Grid.of(grid.shape_kji, grid.spacing_ijk_mm, grid.to_lps([0, 19, 5]), grid.matrix * [1, -1, -1])
    mask = ball((6, 20, 20), (1, 7, 11), 5)
    assert np.array_equal(fill_polygons(rings_of(mask, grid), turned).mask_kji, mask[::-1, ::-1])


@pytest.mark.parametrize("degrees", [2.0, -12.0])
def test_case_21_a_sheared_stack_is_refused_not_shifted(degrees: float) -> None:
    series = factory.make_ct_series(gantry_tilt_degrees=degrees)
    assert refusal(series) == "gantry-tilt"
    finding = geometry_of(series).findings[-1]
    assert finding.values["degrees"] == pytest.approx(abs(degrees), abs=0.1)
