"""Small synthetic DICOM series, RT objects and hostile files."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)

CT, MR, PET = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.128"
RTSTRUCT, RTDOSE = "1.2.840.10008.5.1.4.1.1.481.3", "1.2.840.10008.5.1.4.1.1.481.2"
RTPLAN = "1.2.840.10008.5.1.4.1.1.481.5"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
ORIENTATIONS = {
    "HFS": AXIAL,
    "HFP": (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "FFS": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "FFP": (1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "HFDL": (0.0, 1.0, 0.0, -1.0, 0.0, 0.0),
    "HFDR": (0.0, -1.0, 0.0, 1.0, 0.0, 0.0),
    "FFDL": (0.0, 1.0, 0.0, 1.0, 0.0, 0.0),
    "FFDR": (0.0, -1.0, 0.0, -1.0, 0.0, 0.0),
    "SAGITTAL": (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
    "CORONAL": (1.0, 0.0, 0.0, 0.0, 0.0, -1.0),
}
"""Direction cosines of rows and columns as scanners write them for each patient position."""


@dataclass(frozen=True)
class Ids:
    """The UIDs and patient of one study."""

    study: str
    series: str
    frame_of_reference: str
    patient: str = "TEST-1"
    name: str = "Test^Patient"

    @classmethod
    def fresh(cls, seed: str) -> Ids:
        return cls(*(generate_uid(entropy_srcs=[seed, part]) for part in ("study", "series", "frame")))


def make_instance(sop_class: str, modality: str, ids: Ids, seed: str) -> Dataset:
    """A data set with identity only."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[ids.series, seed])
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.StudyDate, dataset.StudyTime = "20260102", "101112"
    dataset.AccessionNumber, dataset.ReferringPhysicianName, dataset.StudyID = "A1", "", "1"
    dataset.Modality = modality
    dataset.StudyDescription, dataset.SeriesDescription = "Planning", "Synthetic"
    dataset.PatientName, dataset.PatientID = ids.name, ids.patient
    dataset.PatientBirthDate, dataset.PatientSex = "19600102", "O"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = ids.study, ids.series
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    dataset.FrameOfReferenceUID = ids.frame_of_reference
    return dataset


def make_ct_series(
    shape_kji: tuple[int, int, int] = (20, 64, 64),
    *,
    orientation: Sequence[float] = AXIAL,
    spacing_ijk_mm: tuple[float, float, float] = (2.0, 2.0, 3.0),
    origin_lps_mm: tuple[float, float, float] = (-64.0, -64.0, -30.0),
    gantry_tilt_degrees: float = 0.0,
    missing: Sequence[int] = (),
    duplicated: Sequence[int] = (),
    hu_kji: npt.NDArray[np.int16] | None = None,
    seed: str = "ct",
    ids: Ids | None = None,
) -> list[Dataset]:
    """A CT series, k ascending along the normal; without `hu_kji` a water cylinder with a bone rod in air."""
    ids = ids or Ids.fresh(seed)
    hu = cylinder(shape_kji) if hu_kji is None else hu_kji
    rows, columns = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    step = np.cross(rows, columns) * spacing_ijk_mm[2]
    step = step + columns * spacing_ijk_mm[2] * np.tan(np.radians(gantry_tilt_degrees))
    series = []
    for k in [n for n in range(shape_kji[0]) if n not in missing] + list(duplicated):
        slice_ = make_instance(CT, "CT", ids, f"{k}-{len(series)}")
        slice_.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        slice_.InstanceNumber = len(series) + 1
        slice_.ImagePositionPatient = [f"{v:.10g}" for v in np.asarray(origin_lps_mm) + k * step]
        slice_.ImageOrientationPatient = list(orientation)
        slice_.PixelSpacing = [spacing_ijk_mm[1], spacing_ijk_mm[0]]
        slice_.SliceThickness = spacing_ijk_mm[2]
        slice_.PatientPosition, slice_.KVP = "HFS", 120
        slice_.RescaleSlope, slice_.RescaleIntercept, slice_.RescaleType = 1, -1024, "HU"
        slice_.WindowCenter, slice_.WindowWidth = 40, 400
        set_pixels(slice_, (hu[k].astype(np.int32) + 1024).astype(np.uint16))
        series.append(slice_)
    return series


def cylinder(shape_kji: tuple[int, int, int]) -> npt.NDArray[np.int16]:
    """Air, a water cylinder along k, and a bone rod off its middle, so that every axis and way shows."""
    k, j, i = np.indices(shape_kji, dtype=np.float64)
    j, i = j / shape_kji[1] - 0.5, i / shape_kji[2] - 0.5
    hu = np.full(shape_kji, -1000, dtype=np.int16)
    hu[i**2 + j**2 < 0.16] = 0
    hu[((i - 0.15) ** 2 + (j - 0.1) ** 2 < 0.01) & (k < 0.7 * shape_kji[0])] = 800
    return hu


def set_pixels(dataset: Dataset, stored: npt.NDArray[np.uint16] | npt.NDArray[np.int16]) -> None:
    """Native 16-bit pixels of one frame (rows, columns) or several (frames, rows, columns)."""
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = int(stored.dtype == np.int16)
    if stored.ndim == 3:
        dataset.NumberOfFrames = len(stored)
    little = dataset.file_meta.TransferSyntaxUID != ExplicitVRBigEndian
    dataset.PixelData = stored.astype(stored.dtype.newbyteorder("<" if little else ">")).tobytes()
    dataset["PixelData"].VR = "OW"


def make_rtstruct(
    ct: Sequence[Dataset], contours: dict[str, dict[int, list[tuple[float, float]]]], seed: str = "rs"
) -> Dataset:
    """An RTSTRUCT on a CT series: for each name, for each slice number, one ring of (column, row) indices."""
    ids = Ids(ct[0].StudyInstanceUID, generate_uid(entropy_srcs=[seed]), ct[0].FrameOfReferenceUID)
    dataset = make_instance(RTSTRUCT, "RTSTRUCT", ids, seed)
    dataset.PatientID, dataset.PatientName = ct[0].PatientID, ct[0].PatientName
    dataset.StructureSetLabel, dataset.StructureSetDate, dataset.StructureSetTime = (
        "TEST",
        "20260102",
        "101112",
    )
    dataset.ReferencedFrameOfReferenceSequence = DicomSequence([_referenced_frame(ct)])
    rois, drawn, observations = [], [], []
    for number, (name, rings) in enumerate(contours.items(), start=1):
        rois.append(
            _item(
                ROINumber=number,
                ReferencedFrameOfReferenceUID=ct[0].FrameOfReferenceUID,
                ROIName=name,
                ROIGenerationAlgorithm="MANUAL",
            )
        )
        items = [_contour(ct[k], ring) for k, ring in rings.items()]
        drawn.append(_item(ReferencedROINumber=number, ROIDisplayColor=[255, 0, 0], ContourSequence=items))
        observations.append(
            _item(
                ObservationNumber=number,
                ReferencedROINumber=number,
                RTROIInterpretedType="ORGAN",
                ROIInterpreter="",
            )
        )
    dataset.StructureSetROISequence = DicomSequence(rois)
    dataset.ROIContourSequence = DicomSequence(drawn)
    dataset.RTROIObservationsSequence = DicomSequence(observations)
    return dataset


def _referenced_frame(ct: Sequence[Dataset]) -> Dataset:
    series = _item(
        SeriesInstanceUID=ct[0].SeriesInstanceUID,
        ContourImageSequence=[_reference(slice_) for slice_ in ct],
    )
    study = _item(
        ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
        ReferencedSOPInstanceUID=ct[0].StudyInstanceUID,
        RTReferencedSeriesSequence=[series],
    )
    return _item(FrameOfReferenceUID=ct[0].FrameOfReferenceUID, RTReferencedStudySequence=[study])


def make_rtdose(
    ct: Sequence[Dataset],
    dose_gy_kji: npt.NDArray[np.float64],
    spacing_ijk_mm: tuple[float, float, float],
    seed: str = "rd",
) -> Dataset:
    """An RTDOSE whose first voxel is the first slice's, on a grid of its own spacing."""
    ids = Ids(ct[0].StudyInstanceUID, generate_uid(entropy_srcs=[seed]), ct[0].FrameOfReferenceUID)
    dataset = make_instance(RTDOSE, "RTDOSE", ids, seed)
    dataset.ImagePositionPatient = ct[0].ImagePositionPatient
    dataset.ImageOrientationPatient = ct[0].ImageOrientationPatient
    dataset.PixelSpacing = [spacing_ijk_mm[1], spacing_ijk_mm[0]]
    dataset.GridFrameOffsetVector = [round(k * spacing_ijk_mm[2], 6) for k in range(len(dose_gy_kji))]
    dataset.FrameIncrementPointer = 0x3004000C
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    scaling = max(float(dose_gy_kji.max()), 1e-3) / 60000
    dataset.DoseGridScaling = f"{scaling:.8g}"
    set_pixels(dataset, np.rint(dose_gy_kji / float(dataset.DoseGridScaling)).astype(np.uint16))
    return dataset


def encode(dataset: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> bytes:
    """The PS3.10 file of a data set, in any of the uncompressed syntaxes, RLE or deflated."""
    if dataset.file_meta.TransferSyntaxUID != transfer_syntax_uid:
        if transfer_syntax_uid == RLELossless:
            dataset.compress(RLELossless)
        elif transfer_syntax_uid == ExplicitVRBigEndian and "PixelData" in dataset:
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
        dataset.file_meta.TransferSyntaxUID = transfer_syntax_uid
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.save_as(
            out,
            enforce_file_format=True,
            implicit_vr=transfer_syntax_uid == ImplicitVRLittleEndian,
            little_endian=transfer_syntax_uid != ExplicitVRBigEndian,
        )
    return out.getvalue()


def _item(**values: object) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, DicomSequence(value) if keyword.endswith("Sequence") else value)
    return item


def _reference(slice_: Dataset) -> Dataset:
    return _item(ReferencedSOPClassUID=slice_.SOPClassUID, ReferencedSOPInstanceUID=slice_.SOPInstanceUID)


def _contour(slice_: Dataset, ring: list[tuple[float, float]]) -> Dataset:
    origin = np.asarray(slice_.ImagePositionPatient, dtype=float)
    cosines = np.asarray(slice_.ImageOrientationPatient, dtype=float)
    spacing_j, spacing_i = (float(v) for v in slice_.PixelSpacing)
    points = [origin + cosines[:3] * i * spacing_i + cosines[3:] * j * spacing_j for i, j in ring]
    return _item(
        ContourImageSequence=[_reference(slice_)],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(points),
        ContourData=[f"{v:.6g}" for point in points for v in point],
    )


def deflated_bomb(inflated_bytes: int) -> bytes:
    """A deflated CT whose data set inflates to about so many zero bytes."""
    head = io.BytesIO(encode(make_ct_series((1, 4, 4))[0], DeflatedExplicitVRLittleEndian)).getvalue()
    meta = head[: 132 + 12 + struct.unpack_from("<I", head, 140)[0]]
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = [squeeze.compress(struct.pack("<HH2sHI", 0x0029, 0x1010, b"OB", 0, inflated_bytes))]
    block = bytes(2**20)
    body += [squeeze.compress(block) for _ in range(inflated_bytes // 2**20)]
    return meta + b"".join(body) + squeeze.flush()


def rle_lie(rows: int = 20_000, columns: int = 20_000) -> bytes:
    """A few hundred bytes of RLE that claim to be a huge image."""
    slice_ = make_ct_series((1, 16, 16))[0]
    slice_.compress(RLELossless)
    slice_.Rows, slice_.Columns = rows, columns
    return encode(slice_, RLELossless)


def nested_sequences(depth: int) -> bytes:
    """A CT with sequences of undefined length within sequences."""
    slice_ = encode(make_ct_series((1, 4, 4))[0])
    open_ = struct.pack("<HH2sHI", 0x0040, 0x0275, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    close = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return slice_ + open_ * depth + close * depth


def truncated(length: int | None = None) -> bytes:
    """A CT cut at `length` bytes, or in the middle of its pixels."""
    whole = encode(make_ct_series((1, 16, 16))[0])
    return whole[: len(whole) - 100 if length is None else length]


def polyglot(magic: bytes = b"MZ") -> bytes:
    """A CT whose preamble starts as a program does."""
    whole = encode(make_ct_series((1, 4, 4))[0])
    return magic + whole[len(magic) :]
