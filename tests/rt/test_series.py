"""Slices as a volume of checked geometry, and dose on a grid of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from rt.dicom.headers import SliceHeader, slice_headers, suv_factor
from rt.dicom.parse import parse_instance
from rt.dicom.pixels import decode_frames
from rt.dicom.rtdose import DoseVolume, read_dose
from rt.dicom.series import SeriesGeometry, SeriesVolume, assemble, check_geometry
from rt.errors import DicomUnsupported, GeometryError
from tests.factories import dicom as factory

SHARED = Path(__file__).parents[3] / "shared" / "data"


def _headers(series: Sequence[Dataset]) -> list[SliceHeader]:
    return [header for slice_ in series for header in slice_headers(slice_)]


def _check(series: Sequence[Dataset]) -> SeriesGeometry:
    return check_geometry(_headers(series))


def _assemble(series: Sequence[Dataset]) -> SeriesVolume:
    stored = {s.SOPInstanceUID: parse_instance(factory.encode(s)).data for s in series}

    def read(header: SliceHeader) -> npt.NDArray[Any]:
        return decode_frames(stored[header.sop_instance_uid])[header.frame]

    return assemble(_headers(series), read)


def _refusal(series: Sequence[Dataset]) -> str:
    geometry = _check(series)
    assert geometry.grid is None
    return next(f.slug for f in geometry.findings if f.severity == "refusal")


def _warnings(series: Sequence[Dataset]) -> list[str]:
    geometry = _check(series)
    assert geometry.grid is not None
    return [f.slug for f in geometry.findings]


def test_a_ct_becomes_hu_on_its_grid_with_uids_in_the_order_of_k() -> None:
    series = factory.make_ct_series(
        (6, 10, 12), spacing_ijk_mm=(1.0, 2.0, 3.0), origin_lps_mm=(5.0, 6.0, 7.0)
    )
    volume = _assemble(series[::-1])
    assert volume.grid.shape_kji == (6, 10, 12)
    assert volume.grid.spacing_ijk_mm == (1.0, 2.0, 3.0)
    assert volume.grid.origin_lps_mm == (5.0, 6.0, 7.0)
    assert volume.voxels_kji.dtype == np.int16
    assert np.array_equal(volume.voxels_kji, factory.cylinder((6, 10, 12)))
    assert volume.sop_instance_uids == tuple(s.SOPInstanceUID for s in series)
    assert (volume.unit, volume.slope, volume.window) == ("HU", 1.0, (-160.0, 240.0))
    assert volume.warnings == ()


@pytest.mark.parametrize("name", factory.ORIENTATIONS)
def test_every_orientation_puts_each_voxel_where_its_header_does(name: str) -> None:
    series = factory.make_ct_series(
        (5, 6, 7), orientation=factory.ORIENTATIONS[name], spacing_ijk_mm=(1.5, 2.5, 3.5)
    )
    grid = _check(series).grid
    assert grid is not None
    for k, slice_ in enumerate(series):
        assert np.allclose(grid.to_lps([0, 0, k]), np.asarray(slice_.ImagePositionPatient, dtype=float))
        along = np.asarray(factory.ORIENTATIONS[name][:3]) * 1.5
        assert np.allclose(grid.to_lps([1, 0, k]) - grid.to_lps([0, 0, k]), along)


@pytest.mark.parametrize("missing", [[3], [3, 4], [2, 7]])
def test_missing_slices_are_refused(missing: list[int]) -> None:
    assert _refusal(factory.make_ct_series((12, 4, 4), missing=missing)) == "missing-slices"


def test_a_few_doubled_slices_are_set_aside_with_a_warning() -> None:
    series = factory.make_ct_series((12, 4, 4), duplicated=[3])
    assert _warnings(series) == ["duplicated-slices"]
    assert len(_check(series).slices) == 12


def test_uneven_slices_are_refused_and_slightly_uneven_ones_warned_of() -> None:
    series = factory.make_ct_series((12, 4, 4))
    series[5].ImagePositionPatient[2] += 0.15
    assert _warnings(series) == ["uneven-spacing"]
    series[5].ImagePositionPatient[2] += 1.0
    assert _refusal(series) == "uneven-spacing"


def test_noise_of_a_hundredth_of_the_spacing_is_silent() -> None:
    series = factory.make_ct_series((12, 4, 4))
    series[5].ImagePositionPatient[2] += 0.02
    assert _warnings(series) == []


def test_a_slice_of_another_orientation_is_refused() -> None:
    series = factory.make_ct_series((6, 4, 4))
    series[2].ImageOrientationPatient = list(factory.ORIENTATIONS["CORONAL"])
    assert _refusal(series) == "mixed-orientations"


def test_cosines_off_by_rounding_are_accepted() -> None:
    series = factory.make_ct_series((6, 4, 4))
    series[2].ImageOrientationPatient = [1, 1e-4, 0, -1e-4, 1, 0]
    assert _warnings(series) == []


def test_cosines_that_are_no_right_angle_are_refused() -> None:
    series = factory.make_ct_series((3, 4, 4), orientation=(1.0, 0.0, 0.0, 0.2, 0.98, 0.0))
    assert _refusal(series) == "bad-orientation"


def test_slices_of_another_size_are_refused() -> None:
    series = factory.make_ct_series((3, 4, 4))
    series[1].Rows = 8
    assert _refusal(series) == "mixed-sizes"


def test_two_frames_of_reference_are_refused() -> None:
    series = factory.make_ct_series((3, 4, 4))
    series[1].FrameOfReferenceUID = "1.2.3"
    assert _refusal(series) == "two-frames-of-reference"


def test_a_ct_without_rescale_is_warned_of() -> None:
    series = factory.make_ct_series((3, 4, 4))
    for slice_ in series:
        del slice_.RescaleSlope
    assert _warnings(series) == ["missing-rescale"]


def test_a_localizer_is_set_aside_and_alone_refused() -> None:
    series = factory.make_ct_series((3, 4, 4))
    scout = factory.make_ct_series((1, 9, 4), orientation=factory.ORIENTATIONS["CORONAL"], seed="scout")[0]
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    assert _warnings([*series, scout]) == ["localizer-set-aside"]
    assert _refusal([scout]) == "only-localizers"


def test_one_slice_takes_its_thickness_as_spacing() -> None:
    series = factory.make_ct_series((1, 4, 4))
    assert _warnings(series) == ["single-slice"]
    grid = _check(series).grid
    assert grid is not None
    assert grid.spacing_ijk_mm[2] == 3.0


def test_no_slices_are_refused() -> None:
    assert _refusal([]) == "no-slices"


def test_a_refused_series_cannot_be_assembled() -> None:
    with pytest.raises(GeometryError) as caught:
        _assemble(factory.make_ct_series((12, 4, 4), missing=[5]))
    assert caught.value.where == "missing-slices"


def _as_modality(series: list[Dataset], sop_class: str, modality: str) -> list[Dataset]:
    for slice_ in series:
        slice_.SOPClassUID = slice_.file_meta.MediaStorageSOPClassUID = sop_class
        slice_.Modality = modality
    return series


def test_mr_keeps_stored_values_and_their_slope() -> None:
    series = _as_modality(factory.make_ct_series((3, 4, 4)), factory.MR, "MR")
    for slice_ in series:
        slice_.RescaleSlope, slice_.RescaleIntercept, slice_.BitsStored, slice_.HighBit = 0.5, 0, 12, 11
    volume = _assemble(series)
    assert (volume.voxels_kji.dtype, volume.slope, volume.unit) == (np.int16, 0.5, "")


def test_mr_whose_slices_scale_differently_is_scaled_to_float() -> None:
    series = _as_modality(factory.make_ct_series((3, 4, 4)), factory.MR, "MR")
    for n, slice_ in enumerate(series):
        slice_.RescaleSlope, slice_.RescaleIntercept = 1 + n, 0
    volume = _assemble(series)
    assert (volume.voxels_kji.dtype, volume.slope) == (np.float32, 1.0)
    assert volume.voxels_kji[2, 0, 0] == 3 * 24


def _pet() -> list[Dataset]:
    series = _as_modality(factory.make_ct_series((3, 4, 4)), factory.PET, "PT")
    for slice_ in series:
        slice_.Units, slice_.DecayCorrection, slice_.PatientWeight = "BQML", "START", 70
        slice_.SeriesTime = "110000"
        slice_.RescaleSlope, slice_.RescaleIntercept = 10, 0
        source = Dataset()
        source.RadiopharmaceuticalStartTime = "100000"
        source.RadionuclideTotalDose, source.RadionuclideHalfLife = 350e6, 3600
        slice_.RadiopharmaceuticalInformationSequence = DicomSequence([source])
    return series


def test_pet_in_becquerel_becomes_suv_of_the_activity_left_at_the_scan() -> None:
    series = _pet()
    factor = suv_factor(series[0])
    assert factor == pytest.approx(70_000 / 175e6)
    volume = _assemble(series)
    assert (volume.unit, volume.voxels_kji.dtype) == ("SUV", np.float32)
    assert volume.voxels_kji[0, 0, 0] == pytest.approx(24 * 10 * 70_000 / 175e6)


def test_pet_without_weight_stays_in_becquerel() -> None:
    series = _pet()
    for slice_ in series:
        del slice_.PatientWeight
    assert _assemble(series).unit == "BQML"


def test_an_enhanced_ct_is_read_frame_by_frame() -> None:
    single = factory.make_ct_series((3, 4, 4))
    whole = factory.make_instance("1.2.840.10008.5.1.4.1.1.2.1", "CT", factory.Ids.fresh("enhanced"), "1")
    factory.set_pixels(whole, np.stack([s.pixel_array for s in single]))
    shared, frames = Dataset(), []
    shared.PixelMeasuresSequence = DicomSequence([_item(PixelSpacing=[2, 2], SliceThickness=3)])
    shared.PlaneOrientationSequence = DicomSequence([_item(ImageOrientationPatient=list(factory.AXIAL))])
    shared.PixelValueTransformationSequence = DicomSequence([_item(RescaleSlope=1, RescaleIntercept=-1024)])
    for slice_ in single:
        frame = Dataset()
        frame.PlanePositionSequence = DicomSequence([_item(ImagePositionPatient=slice_.ImagePositionPatient)])
        frames.append(frame)
    whole.SharedFunctionalGroupsSequence = DicomSequence([shared])
    whole.PerFrameFunctionalGroupsSequence = DicomSequence(frames)
    volume = _assemble([whole])
    assert np.array_equal(volume.voxels_kji, factory.cylinder((3, 4, 4)))
    assert volume.grid.spacing_ijk_mm == (2.0, 2.0, 3.0)


def _item(**values: Any) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


@pytest.mark.parametrize("offsets", ["relative", "absolute", "descending"])
def test_dose_in_gray_lies_where_its_frames_do(offsets: str) -> None:
    ct = factory.make_ct_series((4, 8, 8), origin_lps_mm=(-8.0, -9.0, -30.0))
    dose = np.arange(5 * 6 * 7, dtype=np.float64).reshape(5, 6, 7)
    dataset = factory.make_rtdose(ct, dose, (2.0, 2.5, 4.0))
    if offsets == "absolute":
        dataset.GridFrameOffsetVector = [float(v) - 30 for v in dataset.GridFrameOffsetVector]
    if offsets == "descending":
        dataset.GridFrameOffsetVector = [-float(v) for v in dataset.GridFrameOffsetVector]
    parsed = parse_instance(factory.encode(dataset))
    volume = read_dose(parsed.dataset, decode_frames(parsed.data))
    expected = dose[::-1] if offsets == "descending" else dose
    assert np.allclose(volume.dose_gy_kji, expected, atol=209 / 60000)
    assert volume.grid.origin_lps_mm == (-8.0, -9.0, -46.0 if offsets == "descending" else -30.0)
    assert volume.grid.spacing_ijk_mm == (2.0, 2.5, 4.0)


def test_relative_dose_is_refused() -> None:
    dataset = factory.make_rtdose(factory.make_ct_series((1, 4, 4)), np.ones((2, 3, 3)), (1.0, 1.0, 1.0))
    dataset.DoseUnits = "RELATIVE"
    with pytest.raises(DicomUnsupported):
        read_dose(dataset, dataset.pixel_array)


FLIPPED = [-1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
"""Image Orientation whose normal points to the feet."""


def placed_dose(
    offsets: list[float], orientation: list[float] | None = None, z: float = -51.0
) -> tuple[Dataset, npt.NDArray[np.float64]]:
    """A dose whose voxels hold the z at which they are meant to lie, and the planes' z: 200 + z is in Gy."""
    normal = np.cross(*np.reshape(orientation or [1.0, 0, 0, 0, 1, 0], (2, 3)))
    there = np.array(offsets) if abs(offsets[0] - z) < 0.01 else z + np.array(offsets) * normal[2]
    ct = factory.make_ct_series((2, 4, 4), origin_lps_mm=(-8.0, -9.0, z))
    dose = np.broadcast_to(200 + there[:, None, None], (len(offsets), 3, 4)).astype(np.float64)
    dataset = factory.make_rtdose(ct, dose, (2.0, 2.5, 4.0))
    dataset.ImageOrientationPatient = orientation or [1, 0, 0, 0, 1, 0]
    dataset.GridFrameOffsetVector = offsets
    return dataset, there


def assert_in_place(dataset: Dataset, there: npt.NDArray[np.float64]) -> DoseVolume:
    volume = read_dose(dataset, dataset.pixel_array)
    k = np.arange(volume.grid.shape_kji[0])
    z = volume.grid.to_lps(np.column_stack([0 * k, 0 * k, k]))[:, 2]
    assert (z.min(), z.max()) == pytest.approx((there.min(), there.max()))
    assert volume.dose_gy_kji[:, 1, 1] == pytest.approx(200 + z, abs=0.01)
    return volume


@pytest.mark.parametrize("orientation", [None, FLIPPED, [1.0, 0, 0, 0, -1, 0], [-1.0, 0, 0, 0, -1, 0]])
@pytest.mark.parametrize("step", [5.0, -5.0])
@pytest.mark.parametrize("first", [0.0, -51.0])
def test_dose_planes_told_in_z_or_along_the_normal_lie_where_they_say(
    orientation: list[float] | None, step: float, first: float
) -> None:
    """Planes from -51 to 49 whose normal points to the feet came to lie at 149 (hostile review)."""
    dataset, there = placed_dose([first + step * n for n in range(21)], orientation)
    found = [one.slug for one in assert_in_place(dataset, there).findings]
    assert found == (["dose-planes-absolute"] if first and orientation else [])


@pytest.mark.parametrize(
    ("offsets", "orientation", "word"),
    [
        ([5.0, 10.0, 15.0], None, "neither 0 nor"),
        ([51.0, 56.0, 61.0], None, "neither 0 nor"),
        ([-51.0, -46.0, -41.0], [1.0, 0, 0, 0, 0, -1], "not transverse"),
        ([0.0, 5.0, 5.0], None, "in one place or go back and forth"),
        ([0.0, 5.0, 4.0], None, "in one place or go back and forth"),
        ([0.0, 1000.0, 1000.02], None, "too many"),
    ],
)
def test_dose_planes_that_can_lie_in_several_places_are_refused(
    offsets: list[float], orientation: list[float] | None, word: str
) -> None:
    dataset, _ = placed_dose([0.0] * len(offsets), orientation)
    dataset.GridFrameOffsetVector = offsets
    if word == "too many":
        dataset.Rows = dataset.Columns = 8000
        with pytest.raises(GeometryError, match=word):
            read_dose(dataset, np.broadcast_to(np.uint16(1), (3, 8000, 8000)))
        return
    with pytest.raises(GeometryError, match=f"Grid Frame Offset Vector: .*{word}"):
        read_dose(dataset, dataset.pixel_array)


@pytest.mark.parametrize("orientation", [None, FLIPPED])
@pytest.mark.parametrize("sign", [1, -1])
def test_uneven_dose_planes_are_interpolated_to_even_ones_and_it_is_said(
    orientation: list[float] | None, sign: int
) -> None:
    dataset, there = placed_dose([sign * v for v in (0.0, 2.5, 5.0, 10.0, 15.0, 25.0, 26.2)], orientation)
    volume = assert_in_place(dataset, there)
    (found,) = volume.findings
    assert (found.slug, found.severity) == ("dose-planes-uneven", "warning")
    assert (found.values["low"], found.values["high"]) == pytest.approx((1.2, 10.0))
    assert volume.grid.spacing_ijk_mm[2] == pytest.approx(26.2 / 22)
    assert volume.grid.shape_kji == (23, 3, 4)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("folder", "unit", "dtype"),
    [
        ("ct_dicom", "HU", "int16"),
        ("sarcoma/STS_001/MR_T1/image", "", "int16"),
        ("sarcoma/STS_001/PET/image", "SUV", "float32"),
    ],
)
def test_real_series_become_volumes_without_warnings(folder: str, unit: str, dtype: str) -> None:
    if not (SHARED / folder).is_dir():
        pytest.skip(f"no {folder} in ../shared/data")
    series = [parse_instance(path.read_bytes()).dataset for path in sorted((SHARED / folder).glob("*.dcm"))]
    volume = assemble(_headers(series), _reader(series))
    assert (volume.unit, str(volume.voxels_kji.dtype), volume.warnings) == (unit, dtype, ())
    assert volume.grid.shape_kji[0] == len(series)


def _reader(series: Sequence[Dataset]) -> Any:
    by_uid = {s.SOPInstanceUID: s for s in series}
    return lambda header: by_uid[header.sop_instance_uid].pixel_array
