"""The generated patient as a DICOM study: CT, RTSTRUCT, RTPLAN and RTDOSE that refer to each other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from rt.dicom.kinds import CT, RTDOSE, RTPLAN
from rt.dicom.outgoing import ObjectHeader, SeriesReference, StructureOut, common_dataset
from rt.dicom.rtstruct_writer import write_rtstruct
from rt.dicom.uids import derived_uid
from rt.phantom.patient import PhantomOptions, PhantomPatient, make_patient

WRITTEN_AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
COLOURS = {
    "Brainstem": "#e05a5a", "SpinalCord": "#f0d050", "Parotid_R": "#50b0f0", "Parotid_L": "#5070f0",
    "Esophagus": "#b07040", "Larynx": "#50d0c0", "Bone_Mandible": "#f0a050", "PTV70": "#ff3050",
    "PTV56": "#ff80b0", "External": "#80c080",
}  # fmt: skip


def phantom_dicom(
    seed: int = 1, options: PhantomOptions | None = None, structures: tuple[str, ...] | None = None
) -> list[Dataset]:
    """The study of the generated patient: the CT slices in the order of k, then RTSTRUCT, RTPLAN, RTDOSE.

    The same seed gives the same UIDs.  `structures` chooses what is drawn; an empty tuple leaves a CT alone.
    """
    options = options or PhantomOptions()
    patient = make_patient(seed, options)
    series = _series_reference(seed, patient)
    slices = [_ct_slice(series, patient, k, options.orientation) for k in range(patient.grid.shape_kji[0])]
    names = tuple(patient.structures) if structures is None else structures
    if not names:
        return slices
    rtstruct = _structure_set(seed, series, patient, names)
    plan = _plan(seed, series, rtstruct, options.orientation)
    return [*slices, rtstruct, plan, _dose(seed, series, patient, plan)]


def _series_reference(seed: int, patient: PhantomPatient) -> SeriesReference:
    def uid(*words: str) -> str:
        return derived_uid("rinkaku-phantom", str(seed), str(patient.grid.to_json()), *words)

    return SeriesReference(
        study_instance_uid=uid("study"),
        series_instance_uid=uid("ct"),
        frame_of_reference_uid=uid("frame of reference"),
        sop_class_uid=CT,
        sop_instance_uids=tuple(uid("ct", str(k)) for k in range(patient.grid.shape_kji[0])),
        grid=patient.grid,
        attributes={
            "PatientName": f"Phantom^Head and Neck {seed}",
            "PatientID": f"PHANTOM-{seed}",
            "PatientBirthDate": "19600101",
            "PatientSex": "O",
            "StudyDate": WRITTEN_AT.strftime("%Y%m%d"),
            "StudyTime": WRITTEN_AT.strftime("%H%M%S"),
            "StudyID": str(seed),
            "AccessionNumber": "",
            "StudyDescription": "Generated head and neck",
        },
    )


def _header(seed: int, series: SeriesReference, label: str, number: int) -> ObjectHeader:
    return ObjectHeader(
        label=label,
        sop_instance_uid=derived_uid(series.series_instance_uid, str(seed), label, "instance"),
        series_instance_uid=derived_uid(series.series_instance_uid, str(seed), label, "series"),
        written_at=WRITTEN_AT,
        series_number=number,
    )


def _ct_slice(series: SeriesReference, patient: PhantomPatient, k: int, position: str) -> Dataset:
    header = ObjectHeader(
        "Planning CT", series.sop_instance_uids[k], series.series_instance_uid, WRITTEN_AT, 1
    )
    dataset = common_dataset(series, header, CT)
    dataset.Modality, dataset.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.InstanceNumber, dataset.PatientPosition, dataset.KVP = k + 1, position, 120
    dataset.AcquisitionNumber, dataset.BodyPartExamined = 1, "HEADNECK"
    _place(dataset, patient.grid, k)
    dataset.SliceThickness = patient.grid.spacing_ijk_mm[2]
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = -1024, 1, "HU"
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    _pixels(dataset, (patient.hu_kji[k].astype(np.int32) + 1024).astype(np.uint16))
    return dataset


def _place(dataset: Dataset, grid: Any, k: int) -> None:
    dataset.ImagePositionPatient = [_decimal(v) for v in grid.to_lps([0, 0, k])]
    dataset.ImageOrientationPatient = [_decimal(v) for v in grid.matrix[:, :2].T.ravel()]
    dataset.PixelSpacing = [_decimal(grid.spacing_ijk_mm[1]), _decimal(grid.spacing_ijk_mm[0])]


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters."""
    return f"{value:.8g}"


def _pixels(dataset: Dataset, stored: npt.NDArray[np.uint16]) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.add_new(0x7FE00010, "OW", stored.astype("<u2").tobytes())


def _structure_set(
    seed: int, series: SeriesReference, patient: PhantomPatient, names: tuple[str, ...]
) -> Dataset:
    kinds = {"PTV70": "PTV", "PTV56": "PTV", "External": "EXTERNAL"}
    outs = [
        StructureOut(number, name, COLOURS[name], kinds.get(name, "ORGAN"), patient.structures[name])
        for number, name in enumerate(names, 1)
    ]
    return write_rtstruct(series, outs, _header(seed, series, "Clinical", 2))


def _plan(seed: int, series: SeriesReference, rtstruct: Dataset, position: str) -> Dataset:
    dataset = common_dataset(series, _header(seed, series, "Plan", 3), RTPLAN)
    dataset.Modality, dataset.RTPlanLabel, dataset.RTPlanName = "RTPLAN", "SIB 70/56", "Simultaneous boost"
    dataset.RTPlanDate, dataset.RTPlanTime = WRITTEN_AT.strftime("%Y%m%d"), WRITTEN_AT.strftime("%H%M%S")
    dataset.RTPlanGeometry, dataset.PlanIntent, dataset.ApprovalStatus = "PATIENT", "CURATIVE", "UNAPPROVED"
    dataset.ReferencedStructureSetSequence = _reference(rtstruct)
    fractions = Dataset()
    fractions.FractionGroupNumber, fractions.NumberOfFractionsPlanned = 1, 35
    fractions.NumberOfBeams, fractions.NumberOfBrachyApplicationSetups = 0, 0
    dataset.FractionGroupSequence = Sequence([fractions])
    setup = Dataset()
    setup.PatientSetupNumber, setup.PatientPosition = 1, position
    dataset.PatientSetupSequence = Sequence([setup])
    dataset.DoseReferenceSequence = Sequence([_prescription(n, gy) for n, gy in enumerate((70.0, 56.0), 1)])
    return dataset


def _prescription(number: int, dose_gy: float) -> Dataset:
    item = Dataset()
    item.DoseReferenceNumber, item.DoseReferenceStructureType = number, "VOLUME"
    item.DoseReferenceDescription = f"PTV{dose_gy:.0f}"
    item.DoseReferenceType, item.TargetPrescriptionDose = "TARGET", dose_gy
    return item


def _reference(dataset: Dataset) -> Sequence:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    return Sequence([item])


def _dose(seed: int, series: SeriesReference, patient: PhantomPatient, plan: Dataset) -> Dataset:
    dataset = common_dataset(series, _header(seed, series, "Dose", 4), RTDOSE)
    dataset.Modality, dataset.InstanceNumber = "RTDOSE", 1
    _place(dataset, patient.dose_grid, 0)
    dataset.SliceThickness = ""
    frames = patient.dose_grid.shape_kji[0]
    dataset.NumberOfFrames, dataset.FrameIncrementPointer = frames, 0x3004000C
    dataset.GridFrameOffsetVector = [_decimal(k * patient.dose_grid.spacing_ijk_mm[2]) for k in range(frames)]
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.TissueHeterogeneityCorrection = "IMAGE"
    dataset.ReferencedRTPlanSequence = _reference(plan)
    dataset.DoseGridScaling = _decimal(max(float(patient.dose_gy_kji.max()), 1.0) / 60_000)
    _pixels(dataset, np.rint(patient.dose_gy_kji / float(dataset.DoseGridScaling)).astype(np.uint16))
    return dataset
