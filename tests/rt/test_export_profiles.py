"""Export profiles, and what is read back from the bytes that were written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rt.contours import contoured_volume_cc
from rt.dicom.contour_data import Contour, fill_contours
from rt.dicom.outgoing import StructureOut, write_bytes
from rt.dicom.profiles import FIELDS, GENERIC, ExportProfile, profiles
from rt.dicom.readback import ReadBack, read_back_rtstruct, read_back_seg
from rt.dicom.rtstruct import write_rtstruct
from rt.dicom.seg import write_seg
from rt.errors import DicomError
from rt.masks import Mask, volume_cc
from tests.rt.grids import ball, oriented_grid, square
from tests.rt.objects import header, overlapping, sent, series_on, structure

SHAPE = (6, 21, 30)
GRID = oriented_grid("HFS", SHAPE)
KEYHOLE, ECLIPSE = profiles()["keyhole"], profiles()["eclipse"]


def ringed() -> Mask:
    mask = ball(SHAPE, (2.5, 10, 14), 8)
    mask[:, 8:13, 11:17] = False
    return mask


def read_back(out: list[StructureOut], profile: ExportProfile) -> tuple[ReadBack, ...]:
    data = write_bytes(write_rtstruct(series_on(GRID), out, header(), profile=profile))
    return read_back_rtstruct(data, series_on(GRID), out, profile)


def test_profiles_are_those_of_the_data_files_and_say_what_has_no_source() -> None:
    assert set(profiles()) == {"generic", "keyhole", "eclipse", "raystation", "monaco"}
    for profile in profiles().values():
        assert set(profile.sources) <= set(FIELDS)
        unsourced = {field: getattr(profile, field) for field in profile.unsourced}
        assert unsourced == {field: getattr(GENERIC, field) for field in profile.unsourced}
    assert GENERIC.unsourced == ()
    assert profiles()["monaco"].unsourced == FIELDS


@pytest.mark.parametrize("profile", profiles().values(), ids=profiles().keys())
def test_what_was_written_for_a_system_reads_back_as_it_was_drawn(profile: ExportProfile) -> None:
    mask = ringed()
    (found,) = read_back([structure(mask)], profile)
    drawn = volume_cc(mask, GRID)
    assert (found.drawn_cc, found.read_cc) == (drawn, drawn)
    assert (found.dice, found.hausdorff_mm, found.findings) == (1, 0, ())
    assert found.enclosed_cc == pytest.approx(drawn, rel=0.05)
    assert found.contours == (6 if profile is KEYHOLE else 12)


@pytest.mark.parametrize("profile", profiles().values(), ids=profiles().keys())
def test_every_profile_writes_a_short_label_a_colour_and_no_xor(profile: ExportProfile) -> None:
    head = replace(header(), label="A label of more than sixteen characters")
    dataset = sent(write_rtstruct(series_on(GRID), [structure(ringed())], head, profile=profile))
    assert len(dataset.StructureSetLabel) <= 16
    (drawn,) = dataset.ROIContourSequence
    assert list(drawn.ROIDisplayColor) == [0x10, 0xFA, 0x07]
    assert {item.ContourGeometricType for item in drawn.ContourSequence} == {"CLOSED_PLANAR"}


def test_names_that_the_system_cuts_are_warned_of_and_leave_whole() -> None:
    long = [replace(structure(ringed(), n), name=f"PTV_High_7000cGy_{n}") for n in (1, 2)]
    found = read_back([*long, structure(ringed(), 3)], ECLIPSE)
    assert [[f.slug for f in one.findings] for one in found] == [["name-too-long", "names-alike"]] * 2 + [[]]
    assert found[0].name == "PTV_High_7000cGy_1"
    assert found[0].findings[0].values == {"n": 18, "limit": 16, "name": "PTV_High_7000cGy"}
    assert [one.findings for one in read_back(long, GENERIC)] == [(), ()]


def test_contours_of_more_points_than_the_system_takes_are_warned_of() -> None:
    (found,) = read_back([structure(ringed())], replace(GENERIC, most_points=20))
    assert [f.slug for f in found.findings] == ["contour-many-points"]
    assert int(found.findings[0].values["n"]) > 20


def test_a_contour_too_long_for_explicit_vr_is_warned_of() -> None:
    grid = oriented_grid("oblique", (1, 200, 200))
    comb = np.zeros(grid.shape_kji, dtype=np.bool_)
    comb[0, ::4] = comb[0, 1::4, ::2] = comb[0, :, 0] = True
    series = series_on(grid)
    data = write_bytes(write_rtstruct(series, [structure(comb)], header()))
    (found,) = read_back_rtstruct(data, series, [structure(comb)], GENERIC)
    assert (found.dice, [f.slug for f in found.findings]) == (1, ["contour-implicit-vr"])


def test_the_report_is_of_the_bytes_and_not_of_the_writer() -> None:
    """A structure shifted by one voxel in the file shows as what it is."""
    shifted = np.roll(ringed(), 1, axis=2)
    data = write_bytes(write_rtstruct(series_on(GRID), [structure(shifted)], header()))
    (found,) = read_back_rtstruct(data, series_on(GRID), [structure(ringed())], GENERIC)
    assert found.drawn_cc == pytest.approx(found.read_cc)
    assert 0.8 < found.dice < 0.95
    assert found.hausdorff_mm == pytest.approx(0.977)


def test_contours_outside_the_image_are_in_the_file_and_are_counted() -> None:
    """Two of four slices lie beyond the image, one with a hole; what lies inside reads back as it is."""
    ends = {4: [(4, 12)], 5: [(4, 12)], 6: [(4, 12)], 7: [(4, 12), (6, 10)]}
    rings = tuple(Contour.of_points(square(*e, k, GRID)) for k, pairs in ends.items() for e in pairs)
    mask = fill_contours(rings, GRID).mask_kji
    (found,) = read_back([structure(mask, contours=rings)], GENERIC)
    assert (found.contours, found.dice, found.read_cc) == (5, 1, volume_cc(mask, GRID))
    assert found.enclosed_cc == pytest.approx((4 * 64 - 16) * GRID.voxel_mm3 / 1000)
    assert [f.slug for f in found.findings] == ["contour-outside-volume"]


def test_a_contour_over_the_edge_is_counted_whole() -> None:
    ring = Contour.of_points(square(-6, 4, 2, GRID))
    (found,) = read_back([structure(fill_contours([ring], GRID).mask_kji, contours=(ring,))], GENERIC)
    assert found.enclosed_cc == pytest.approx(100 * GRID.voxel_mm3 / 1000)
    assert [f.slug for f in found.findings] == ["contour-clipped"]


def test_a_contour_as_tall_as_none_is_counted_too() -> None:
    points = GRID.to_lps([(2, -3e5, 2), (12, -3e5, 2), (12, 3e5, 2), (2, 3e5, 2)])
    cc = contoured_volume_cc([points], GRID)
    assert cc == pytest.approx(10 * 6e5 * GRID.voxel_mm3 / 1000, rel=1e-3)


def test_empty_structures_are_in_the_report_and_lost_ones_refused() -> None:
    empty = structure(np.zeros(SHAPE, dtype=np.bool_), 2)
    found = read_back([structure(ringed()), empty], GENERIC)[1]
    assert (found.drawn_cc, found.read_cc, found.dice, found.hausdorff_mm) == (0, 0, 1, None)
    data = write_bytes(write_rtstruct(series_on(GRID), [structure(ringed())], header()))
    with pytest.raises(DicomError, match="lacks a structure"):
        read_back_rtstruct(data, series_on(GRID), [structure(ringed()), empty], GENERIC)
    (gone,) = read_back_rtstruct(data, series_on(GRID), [replace(empty, number=1)], GENERIC)
    assert (gone.dice, gone.hausdorff_mm) == (0, None)


def test_a_segmentation_is_read_back_too() -> None:
    out = overlapping()
    series = series_on(oriented_grid("HFS", out[0].mask_kji.shape))
    found = read_back_seg(write_bytes(write_seg(series, out, header())), series, out)
    assert [(one.name, one.dice, one.hausdorff_mm) for one in found] == [
        ("Parotid_L", 1, 0),
        ("PTV_7000", 1, 0),
        ("Larynx", 1, None),
    ]
    assert [one.read_cc for one in found] == [volume_cc(one.mask_kji, series.grid) for one in out]


def test_an_edited_import_with_crossing_rings_says_that_its_holes_stay_apart() -> None:
    rings = tuple(Contour.of_points(square(*ends, 2, GRID)) for ends in ((2.5, 12.5), (8.5, 18.5)))
    mask = fill_contours(rings, GRID).mask_kji
    (found,) = read_back([structure(mask, contours=rings)], KEYHOLE)
    assert [f.slug for f in found.findings] == ["contours-overlap", "holes-not-joined"]
    assert found.dice == 1
