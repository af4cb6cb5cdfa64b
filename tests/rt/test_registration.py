"""A registration read from DICOM, and contours and doses that it carries into another frame of reference.

Phantoms are moved by a known rotation and translation, so what must come out is what is drawn or computed in
the frame that they are moved to.
"""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from pydicom.dataset import Dataset

from rt.contours import fill_polygons
from rt.dicom.parse import parse_instance
from rt.dicom.references import read_references
from rt.dicom.registration import linked_frames, named_images, read_registration
from rt.dose import Dose
from rt.dvh import dvh_of_mask
from rt.errors import RegistrationError
from rt.geometry import FloatArray, Grid
from rt.metrics import dice
from rt.moved_contours import fill_moved
from rt.registration import RigidTransform
from tests.factories.dicom import encode, make_ct_series
from tests.factories.registration import make_reg, matrix_of

A, B, C = "1.2.3.1", "1.2.3.2", "1.2.3.3"
TURN = matrix_of((4.0, -7.0, 11.0), (12.5, -30.0, 8.25))
REACH_MM = 21.0
"""Of the egg's planes above and below its middle."""
IMAGE = Grid.of((40, 96, 80), (1.5, 1.5, 2.5), (-60.0, -71.0, -50.0), np.eye(3))


def read(*items: tuple[str, object], registered: str = A) -> tuple[dict[str, RigidTransform], list[str]]:
    """Transforms and slugs of findings of a registration that came through the door."""
    found = read_registration(parse_instance(encode(make_reg(registered, items))).dataset)
    return found.transforms, [one.slug for one in found.findings]


def test_points_of_the_items_frame_go_to_the_registered_one() -> None:
    transforms, findings = read((A, np.eye(4)), (B, TURN))
    assert findings == []
    expected = (TURN @ [10.0, 20.0, 30.0, 1.0])[:3]
    assert transforms[B].apply([10.0, 20.0, 30.0]) == pytest.approx(expected, abs=1e-6)
    assert transforms[B].inverse().apply(expected) == pytest.approx([10.0, 20.0, 30.0], abs=1e-6)


def test_several_matrices_follow_one_another_the_first_first() -> None:
    first, second = matrix_of((0, 0, 90), (0, 0, 0)), matrix_of((0, 0, 0), (10, 0, 0))
    transforms, _ = read((B, [first, second]))
    assert transforms[B].apply([1.0, 0.0, 0.0]) == pytest.approx([10.0, 1.0, 0.0], abs=1e-6)


def test_three_matrices_are_m3_m2_m1_on_a_column() -> None:
    """PS3.3 Equation C.20.2-2, where M1 is the first item."""
    m1, m2, m3 = matrix_of((90, 0, 0), (1, 2, 3)), matrix_of((0, 90, 0), (4, 5, 6)), TURN
    transforms, _ = read((B, [m1, m2, m3]))
    expected, reversed_order = m3 @ m2 @ m1, m1 @ m2 @ m3
    assert np.abs(transforms[B].matrix - expected).max() < 1e-6
    assert np.abs(expected - reversed_order).max() > 1, "the order can be told from the result"


def test_the_fourth_column_is_the_items_origin_in_the_registered_frame() -> None:
    """PS3.17 P: the origin of RCS B with respect to RCS A, and its axes as columns."""
    (moved,) = read((B, TURN))[0].values()
    origin = moved.apply([0.0, 0.0, 0.0])
    assert origin == pytest.approx(TURN[:3, 3], abs=1e-6)
    for n, axis in enumerate(np.eye(3)):
        assert moved.apply(axis) - origin == pytest.approx(TURN[:3, n], abs=1e-6)


@pytest.mark.parametrize(
    ("matrix", "kind", "slug"),
    [
        (np.diag([1.0, 1.0, -1.0, 1.0]), "RIGID", "registration-not-rigid"),
        (np.diag([1.01, 1.01, 1.01, 1.0]), "RIGID_SCALE", "registration-not-rigid"),
        (np.eye(4) + np.eye(4, k=1) * 0.01, "AFFINE", "registration-not-rigid"),
        (None, "RIGID", "registration-incomplete"),
        (np.eye(4).ravel()[:12], "RIGID", "registration-not-rigid"),
        (np.zeros((4, 4)), "RIGID", "registration-not-rigid"),
    ],
)
def test_what_is_not_rigid_is_named_and_not_applied(matrix: object, kind: str, slug: str) -> None:
    transforms, findings = read((A, np.eye(4)), (B, matrix, kind), (C, TURN))
    assert (set(transforms), findings) == ({C}, [slug])


@pytest.mark.parametrize("kind", ["RIGID_SCALE", "AFFINE", ""])
def test_a_rigid_matrix_is_applied_whatever_it_is_called(kind: str) -> None:
    assert set(read((B, TURN, kind))[0]) == {B}


def test_rounding_is_taken_out() -> None:
    (moved,) = read((B, np.round(TURN, 4)))[0].values()
    rotation = moved.matrix[:3, :3]
    assert np.abs(rotation @ rotation.T - np.eye(3)).max() < 1e-12
    assert np.abs(moved.apply([100.0, 200.0, 300.0]) - (TURN @ [100, 200, 300, 1])[:3]).max() < 0.05


def test_one_frame_moved_in_two_ways_is_not_moved() -> None:
    transforms, findings = read((B, TURN), (B, np.eye(4)))
    assert (transforms, findings) == ({}, ["registration-incomplete"])
    transforms, findings = read((A, TURN), (B, TURN))
    assert (set(transforms), findings) == ({B}, ["registration-incomplete"])


def test_a_deformable_one_is_named() -> None:
    dataset = make_reg(A, [(B, TURN)])
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66.3"
    found = read_registration(parse_instance(encode(dataset)).dataset)
    assert (found.transforms, [one.slug for one in found.findings]) == ({}, ["registration-deformable"])


def test_every_frame_it_names_is_known() -> None:
    assert linked_frames(make_reg(A, [(B, None), (C, TURN)])) == {A, B, C}
    assert linked_frames(Dataset()) == frozenset()


def test_an_item_that_names_images_is_of_their_frame() -> None:
    images = make_ct_series((3, 4, 4))
    dataset = parse_instance(encode(make_reg(A, [(A, np.eye(4)), (images, TURN)]))).dataset
    uids = frozenset(str(image.SOPInstanceUID) for image in images)
    assert named_images(dataset).sop_instance_uids == uids
    waiting = read_registration(dataset)
    assert (waiting.images_missing, set(waiting.transforms)) == (True, set())
    assert [one.slug for one in waiting.findings] == ["registration-awaits-images"]
    found = read_registration(dataset, {min(uids): B})
    assert (found.images_missing, set(found.transforms), found.findings) == (False, {B}, ())
    assert found.transforms[B].apply([1.0, 2.0, 3.0]) == pytest.approx((TURN @ [1, 2, 3, 1])[:3], abs=1e-6)
    references = read_references(dataset)
    assert references is not None
    assert references.sop_instance_uids == uids


def test_images_of_which_only_the_series_is_here_are_of_its_frame() -> None:
    """The object says in which series they lie (Common Instance Reference)."""
    images = make_ct_series((2, 4, 4))
    made = make_reg(A, [(images, TURN)])
    made.ReferencedSeriesSequence = [series_of(images, "1.9.1"), series_of([], "1.9.2")]
    named = named_images(made)
    assert named.series_instance_uids == {"1.9.1"}
    assert set(read_registration(made, {"1.9.1": C, "1.9.2": B}).transforms) == {C}


def series_of(images: list[Dataset], uid: str) -> Dataset:
    """A series that an object says images lie in."""
    series = Dataset()
    series.SeriesInstanceUID = uid
    series.ReferencedInstanceSequence = []
    for image in images:
        item = Dataset()
        item.ReferencedSOPInstanceUID = image.SOPInstanceUID
        series.ReferencedInstanceSequence.append(item)
    return series


@pytest.mark.parametrize("frames", [("",), (B, C)])
def test_images_of_no_frame_or_of_several_are_not_moved(frames: tuple[str, ...]) -> None:
    images = make_ct_series((2, 4, 4))
    told = {str(image.SOPInstanceUID): frames[n % len(frames)] for n, image in enumerate(images)}
    found = read_registration(make_reg(A, [(images, TURN)]), told)
    assert (found.transforms, found.images_missing) == ({}, False)
    assert [one.slug for one in found.findings] == ["registration-incomplete"]


def test_an_item_of_no_frame_and_no_images_is_named() -> None:
    found = read_registration(make_reg(A, [([], TURN), (C, TURN)]))
    assert (set(found.transforms), found.images_missing) == ({C}, False)
    assert [one.slug for one in found.findings] == ["registration-incomplete"]


def test_nothing_else_is_a_registration() -> None:
    with pytest.raises(Exception, match="not a spatial registration"):
        read_registration(make_ct_series((1, 4, 4))[0])


def test_a_matrix_of_another_size_is_refused() -> None:
    with pytest.raises(RegistrationError, match="of 16 numbers"):
        RigidTransform.from_matrix(np.eye(3))


def lobed(grid: Grid, transform: RigidTransform, spacing_mm: float) -> list[FloatArray]:
    """Rings of an egg with a hole in planes of another scanner, in the frame that `transform` moves from."""
    centre = transform.inverse().apply(grid.to_lps([40, 48, 20]))
    rings = []
    for z in spacing_mm * np.arange(-(REACH_MM // spacing_mm), REACH_MM // spacing_mm + 1):
        angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
        radius = np.sqrt(22.0**2 - z**2)
        for scale in (1.0, 0.4):
            rings.append(
                centre
                + np.column_stack(
                    [
                        scale * radius * np.cos(angle) * 1.2,
                        scale * radius * np.sin(angle),
                        np.full(len(angle), z),
                    ]
                )
            )
    return rings


def test_a_shift_by_whole_slices_gives_the_mask_drawn_there() -> None:
    shift = RigidTransform.from_matrix(matrix_of((0, 0, 0), (3.7, -2.2, 5.0)))
    spacing = IMAGE.spacing_ijk_mm[2]
    rings = lobed(IMAGE, shift, spacing)
    there = [shift.apply(ring) for ring in rings]
    drawn = fill_polygons(there, IMAGE)
    moved = fill_moved(rings, shift, IMAGE)
    assert moved.warnings == ()
    assert drawn.mask_kji.sum() > 5000
    assert np.array_equal(moved.mask_kji, drawn.mask_kji)


@pytest.mark.parametrize("planes_mm", [1.0, 3.0])
def test_a_turned_body_has_the_volume_and_the_place_of_the_one_drawn_there(planes_mm: float) -> None:
    """The egg's own formula, taken back voxel by voxel, against its contours."""
    transform = RigidTransform.from_matrix(TURN)
    moved = fill_moved(lobed(IMAGE, transform, planes_mm), transform, IMAGE)
    assert moved.warnings == ()
    k, j, i = np.indices(IMAGE.shape_kji)
    points = transform.inverse().apply(IMAGE.to_lps(np.stack([i, j, k], axis=-1)))
    x, y, z = np.moveaxis(points - transform.inverse().apply(IMAGE.to_lps([40, 48, 20])), -1, 0)
    across = (x / 1.2) ** 2 + y**2
    egg = (
        (across <= 22.0**2 - z**2)
        & (across > 0.16 * (22.0**2 - z**2))
        & (np.abs(z) <= REACH_MM + planes_mm / 2)
    )
    assert dice(moved.mask_kji, egg) > (0.985 if planes_mm == 1.0 else 0.96)
    assert moved.mask_kji.sum() == pytest.approx(egg.sum(), rel=0.02)


def test_what_leaves_the_image_is_said() -> None:
    away = RigidTransform.from_matrix(matrix_of((0, 0, 0), (500.0, 0, 0)))
    rings = lobed(IMAGE, RigidTransform.identity(), 2.5)
    moved = fill_moved(rings, away, IMAGE)
    assert not moved.mask_kji.any()
    assert [w.slug for w in moved.warnings] == ["structure-outside-volume"]
    partly = RigidTransform.from_matrix(matrix_of((0, 0, 0), (50.0, 0, 0)))
    assert [w.slug for w in fill_moved(rings, partly, IMAGE).warnings] == ["contour-clipped"]


@pytest.mark.parametrize("turned", [True, False])
def test_a_contour_that_reaches_for_a_kilometre_fills_the_image_and_little_memory(turned: bool) -> None:
    matrix = TURN if turned else matrix_of((0, 0, 0), (12.5, -30.0, 8.25))
    transform, far = RigidTransform.from_matrix(matrix), 1e6
    square = [(-far, -far), (far, -far), (far, far), (-far, far)]
    rings = [np.array([(x, y, z) for x, y in square]) for z in np.arange(-120.0, 121.0, 2.5)]
    tracemalloc.start()
    moved = fill_moved(rings, transform, IMAGE)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert moved.mask_kji.all()
    assert [w.slug for w in moved.warnings] == ["contour-clipped"]
    assert most < 200e6


def test_a_contour_across_the_others_is_left_out_and_said() -> None:
    rings = lobed(IMAGE, RigidTransform.identity(), 2.5)
    upright = rings[0][:, [0, 2, 1]]
    moved = fill_moved([*rings, upright], RigidTransform.identity(), IMAGE)
    assert [w.slug for w in moved.warnings] == ["contour-not-planar"]


@pytest.mark.parametrize("turned", [True, False])
def test_a_moved_dose_measures_as_the_one_computed_there(turned: bool) -> None:
    """A dose linear in the registered frame, sampled on a grid of the source's frame and carried over."""
    matrix = TURN if turned else matrix_of((0, 0, 0), (12.5, -30.0, 8.25))
    transform = RigidTransform.from_matrix(matrix)
    own = Grid.of((60, 70, 70), (2.5, 2.5, 2.5), transform.inverse().apply([-90, -95, -80]), np.eye(3))
    k, j, i = np.indices(own.shape_kji)
    there = transform.apply(own.to_lps(np.stack([i, j, k], axis=-1)))
    slope = np.array([0.15, -0.1, 0.2])
    moved = Dose((40 + there @ slope).astype(np.float32), transform.grid(own))
    direct = Grid.of((80, 100, 100), (2.0, 2.0, 2.0), (-90, -100, -80), np.eye(3))
    k, j, i = np.indices(direct.shape_kji)
    made = Dose((40 + direct.to_lps(np.stack([i, j, k], axis=-1)) @ slope).astype(np.float32), direct)
    mask = np.zeros(IMAGE.shape_kji, dtype=np.bool_)
    mask[12:26, 30:60, 25:55] = True
    one, other = dvh_of_mask(mask, IMAGE, moved), dvh_of_mask(mask, IMAGE, made)
    assert one.outside_fraction == other.outside_fraction == 0
    assert one.mean_gy == pytest.approx(other.mean_gy, abs=0.01)
    for percent in (2, 50, 98):
        assert one.dose_at_percent(percent) == pytest.approx(other.dose_at_percent(percent), abs=0.05)


def test_disagreement_is_the_largest_distance_in_the_image() -> None:
    one = RigidTransform.identity()
    other = RigidTransform.from_matrix(matrix_of((0, 0, 0), (3.0, 4.0, 0.0)))
    assert one.disagreement_mm(other, IMAGE) == pytest.approx(5.0)
    turned = RigidTransform.from_matrix(matrix_of((0, 0, 1), (0, 0, 0)))
    assert 0.5 < one.disagreement_mm(turned, IMAGE) < 3
