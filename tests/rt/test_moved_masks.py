"""Segmentations on a grid of their own, and masks that a registration carries to another frame's image."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from rt.dicom.seg import read_seg
from rt.dicom.seg_frames import own_grid
from rt.errors import DicomError, GeometryError
from rt.geometry import Grid
from rt.masks import Mask, volume_cc
from rt.metrics import dice
from rt.moved_masks import move_mask
from rt.registration import RigidTransform
from tests.factories.registration import matrix_of
from tests.factories.segmentations import TILTED, make_seg

IMAGE = Grid.of((40, 96, 80), (1.5, 1.5, 2.5), (-60.0, -71.0, -50.0), np.eye(3))
TURN = RigidTransform.from_matrix(matrix_of((4.0, -7.0, 11.0), (12.5, -30.0, 8.25)))


def egg(grid: Grid, centre_mm: np.ndarray, transform: RigidTransform | None = None) -> Mask:
    """Voxels of a grid within an egg; with a transform, of where this brings them."""
    k, j, i = np.indices(grid.shape_kji)
    points = grid.to_lps(np.stack([i, j, k], axis=-1))
    if transform is not None:
        points = transform.apply(points)
    x, y, z = np.moveaxis(points - centre_mm, -1, 0)
    return np.asarray((x / 24) ** 2 + (y / 18) ** 2 + (z / 20) ** 2 <= 1)


def test_a_segmentation_says_its_own_grid_though_it_leaves_planes_out() -> None:
    """Planes of nothing are not in the file; TILTED is oblique with voxels of 1.2 × 0.9 × 2 mm."""
    mask = np.zeros(TILTED.shape_kji, dtype=np.bool_)
    mask[3, 4:9, 5:12] = mask[4, 4:9, 5:12] = mask[9, 2:4, 2:4] = True
    dataset = make_seg(TILTED, {"Larynx": mask})
    grid = own_grid(dataset)
    (segment,) = read_seg(dataset, grid).segments
    assert grid.spacing_ijk_mm == pytest.approx(TILTED.spacing_ijk_mm)
    assert np.abs(grid.matrix - TILTED.matrix).max() < 1e-6
    k, j, i = np.nonzero(segment.mask_kji)
    there = grid.to_lps(np.column_stack([i, j, k]))
    k, j, i = np.nonzero(mask)
    drawn = TILTED.to_lps(np.column_stack([i, j, k]))
    assert np.abs(there[np.lexsort(there.T)] - drawn[np.lexsort(drawn.T)]).max() < 1e-3


def test_a_single_plane_is_as_thick_as_the_file_says() -> None:
    mask = np.zeros(TILTED.shape_kji, dtype=np.bool_)
    mask[5, 4:9, 5:12] = True
    assert own_grid(make_seg(TILTED, {"Larynx": mask})).shape_kji[0] == 1


def measures_of(dataset: Dataset) -> Dataset:
    found: Dataset = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    return found


def test_a_wrong_distance_in_the_file_gives_way_to_that_of_its_planes() -> None:
    mask = np.zeros(TILTED.shape_kji, dtype=np.bool_)
    mask[3:6, 4:9, 5:12] = True
    dataset = make_seg(TILTED, {"Larynx": mask})
    measures_of(dataset).SpacingBetweenSlices = 7.0
    assert own_grid(dataset).spacing_ijk_mm[2] == pytest.approx(TILTED.spacing_ijk_mm[2])


def test_frames_that_are_no_grid_are_refused() -> None:
    mask = np.zeros(TILTED.shape_kji, dtype=np.bool_)
    mask[3:6, 4:9, 5:12] = True

    def broken(change: str) -> Dataset:
        dataset = make_seg(TILTED, {"Larynx": mask})
        frame = dataset.PerFrameFunctionalGroupsSequence[1]
        position = frame.PlanePositionSequence[0]
        if change == "uneven":
            del measures_of(dataset).SpacingBetweenSlices
            moved = np.array(position.ImagePositionPatient, dtype=float) + 0.5 * TILTED.matrix[:, 2]
            position.ImagePositionPatient = [f"{v:.6f}" for v in moved]
        elif change == "far":
            moved = np.array(position.ImagePositionPatient, dtype=float) + 2e9 * TILTED.matrix[:, 2]
            position.ImagePositionPatient = [f"{v:.0f}" for v in moved]
        elif change == "turned":
            other = Dataset()
            other.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
            frame.PlaneOrientationSequence = [other]
        return dataset

    for change in ("uneven", "far", "turned"):
        with pytest.raises(GeometryError):
            own_grid(broken(change))
    with pytest.raises(DicomError):
        own_grid(Dataset())


def test_a_shift_by_whole_voxels_gives_the_same_voxels() -> None:
    shift = RigidTransform.from_matrix(matrix_of((0, 0, 0), (3.0, -4.5, 5.0)))
    mask = egg(IMAGE, IMAGE.to_lps([40, 48, 20]))
    moved = move_mask(mask, IMAGE, shift, IMAGE)
    assert moved.warnings == ()
    assert np.array_equal(moved.mask_kji[2:, :-3, 2:], mask[:-2, 3:, :-2])


def test_a_turned_mask_has_volume_and_place_of_the_body_drawn_there() -> None:
    """The egg's own formula on the image, against its voxels of another grid that are carried over."""
    centre = IMAGE.to_lps([40, 48, 20])
    own = Grid.of((60, 80, 80), (1.0, 1.0, 1.2), TURN.inverse().apply(centre) - (40, 40, 36), np.eye(3))
    moved = move_mask(egg(own, centre, TURN), own, TURN, IMAGE)
    drawn = egg(IMAGE, centre)
    assert moved.warnings == ()
    assert dice(moved.mask_kji, drawn) > 0.98
    egg_mm3 = 4 / 3 * np.pi * 24 * 18 * 20
    assert volume_cc(moved.mask_kji, IMAGE) == pytest.approx(egg_mm3 / 1000, rel=0.01)


def test_what_leaves_the_image_is_said() -> None:
    mask = egg(IMAGE, IMAGE.to_lps([40, 48, 20]))
    for shift, slugs in ((500.0, ["structure-outside-volume"]), (50.0, ["contour-clipped"]), (0.0, [])):
        away = RigidTransform.from_matrix(matrix_of((0, 0, 0), (shift, 0, 0)))
        moved = move_mask(mask, IMAGE, away, IMAGE)
        assert [one.slug for one in moved.warnings] == slugs
        assert moved.mask_kji.any() == (shift < 500)
