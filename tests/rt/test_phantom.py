"""The generated head-and-neck patient."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from rt.dicom.headers import SliceHeader, slice_headers
from rt.dicom.outgoing import write_bytes
from rt.dicom.parse import parse_instance
from rt.dicom.pixels import decode_frames
from rt.dicom.rtdose import read_dose
from rt.dicom.rtstruct import fill_contours, read_rtstruct
from rt.dicom.series import SeriesVolume, assemble
from rt.errors import GeometryError
from rt.phantom import PhantomOptions, PhantomPatient, make_patient, phantom_dicom

COARSE = PhantomOptions((56, 128, 128), (4.0, 4.0, 5.0))
ORGANS = ("Brainstem", "SpinalCord", "Parotid_R", "Parotid_L", "Esophagus", "Larynx", "Bone_Mandible")
VOLUMES_CC = {
    "Brainstem": (18, 45), "SpinalCord": (12, 40), "Parotid_R": (12, 45), "Parotid_L": (12, 45),
    "Esophagus": (5, 30), "Larynx": (10, 50), "Bone_Mandible": (45, 120),
}  # fmt: skip
"""What planners draw on adults (OpenKBP, 5th to 95th percentile, rounded outward)."""


@pytest.fixture(scope="module")
def patient() -> PhantomPatient:
    return make_patient(1, COARSE)


@pytest.fixture(scope="module")
def study() -> list[Dataset]:
    return [parse_instance(write_bytes(dataset)).dataset for dataset in phantom_dicom(1, COARSE)]


def _ct(study: list[Dataset]) -> SeriesVolume:
    slices = {s.SOPInstanceUID: s for s in study if s.Modality == "CT"}

    def read(header: SliceHeader) -> np.ndarray:
        return slices[header.sop_instance_uid].pixel_array

    return assemble([header for s in slices.values() for header in slice_headers(s)], read)


def _centre(patient: PhantomPatient, name: str) -> np.ndarray:
    return patient.grid.to_lps(np.argwhere(patient.structures[name])[:, ::-1].mean(axis=0))


@pytest.mark.parametrize("name", ORGANS)
def test_each_organ_has_an_adults_volume(patient: PhantomPatient, name: str) -> None:
    low, high = VOLUMES_CC[name]
    assert low < patient.structures[name].sum() * patient.grid.voxel_mm3 / 1000 < high


def test_organs_lie_where_a_patients_do(patient: PhantomPatient) -> None:
    assert _centre(patient, "Parotid_R")[0] < -40
    assert _centre(patient, "Parotid_L")[0] > 40
    assert _centre(patient, "Brainstem")[2] > _centre(patient, "Parotid_L")[2] > _centre(patient, "Larynx")[2]
    assert (
        _centre(patient, "Bone_Mandible")[1]
        < _centre(patient, "Larynx")[1]
        < _centre(patient, "SpinalCord")[1]
    )


def test_ct_numbers_are_those_of_the_tissues(patient: PhantomPatient) -> None:
    means = {name: float(patient.hu_kji[patient.structures[name]].mean()) for name in ORGANS}
    assert 20 < means["Brainstem"] < 60
    assert -40 < means["Parotid_R"] < 40
    assert means["Bone_Mandible"] > 400
    assert means["Larynx"] < 0
    assert patient.hu_kji.min() >= -1024


def test_the_tumour_gets_its_dose_and_the_cord_is_spared(
    patient: PhantomPatient, study: list[Dataset]
) -> None:
    dataset = study[-1]
    dose = read_dose(dataset, dataset.pixel_array)
    assert np.allclose(dose.dose_gy_kji, patient.dose_gy_kji, atol=0.002)
    at = dose.grid.to_index(patient.grid.to_lps(np.argwhere(patient.structures["PTV70"])[:, ::-1]))
    i, j, k = np.rint(at).astype(int).T
    assert dose.dose_gy_kji[k, j, i].mean() > 66
    at = dose.grid.to_index(patient.grid.to_lps(np.argwhere(patient.structures["SpinalCord"])[:, ::-1]))
    i, j, k = np.rint(at).astype(int).T
    inside = (k >= 0) & (k < dose.grid.shape_kji[0])
    assert np.percentile(dose.dose_gy_kji[k[inside], j[inside], i[inside]], 98) < 45


def test_the_study_refers_to_itself(study: list[Dataset]) -> None:
    rtstruct, plan, dose = study[-3:]
    assert len({s.StudyInstanceUID for s in study}) == len({s.FrameOfReferenceUID for s in study}) == 1
    assert plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == rtstruct.SOPInstanceUID
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    content = read_rtstruct(rtstruct)
    assert content.referenced_series[0].series_instance_uid == study[0].SeriesInstanceUID
    assert {roi.name for roi in content.rois} >= set(ORGANS)


def test_ct_and_contours_read_back_as_they_were_made(patient: PhantomPatient, study: list[Dataset]) -> None:
    volume = _ct(study)
    assert volume.warnings == ()
    assert volume.grid.is_close(patient.grid)
    assert np.array_equal(volume.voxels_kji, patient.hu_kji)
    roi = next(r for r in read_rtstruct(study[-3]).rois if r.name == "Parotid_L")
    assert np.array_equal(fill_contours(roi.contours, volume.grid).mask_kji, patient.structures["Parotid_L"])


@pytest.mark.parametrize("orientation", ["HFP", "FFS", "FFP"])
def test_the_patient_is_the_same_in_every_position(patient: PhantomPatient, orientation: str) -> None:
    options = PhantomOptions(COARSE.shape_kji, COARSE.spacing_ijk_mm, orientation)
    other = make_patient(1, options)
    for name in ("Parotid_R", "Larynx", "Brainstem"):
        assert np.linalg.norm(_centre(other, name) - _centre(patient, name)) < 5


def test_another_seed_is_another_person_and_the_same_seed_the_same(patient: PhantomPatient) -> None:
    again, other = make_patient(1, COARSE), make_patient(2, COARSE)
    assert np.array_equal(again.hu_kji, patient.hu_kji)
    assert not np.array_equal(other.structures["Parotid_L"], patient.structures["Parotid_L"])


def test_an_unknown_position_is_refused() -> None:
    with pytest.raises(GeometryError):
        make_patient(1, PhantomOptions((8, 8, 8), (20.0, 20.0, 20.0), "UPSIDE DOWN"))


def test_a_ct_alone_can_be_had() -> None:
    study = phantom_dicom(1, PhantomOptions((8, 32, 32), (16.0, 16.0, 35.0)), structures=())
    assert [s.Modality for s in study] == ["CT"] * 8
    assert decode_frames(write_bytes(study[3])).shape == (1, 32, 32)
