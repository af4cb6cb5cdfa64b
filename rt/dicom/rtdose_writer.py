"""A map over an organ written as an RTDOSE (PS3.3 A.18), so that planning systems can show it.

It is no dose, and says so wherever the standard lets it: units RELATIVE, type ERROR (the only type whose
pixels may be signed, C.8.8.3), DoseComment and SeriesDescription.  The summation type is a term of ours:
those that DICOM defines mean a dose, of a plan or a part of one, which would have to be referred to.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import RTDoseStorage

from rt.dicom.outgoing import ObjectHeader, SeriesReference, common_dataset, plain_text
from rt.errors import VoxelsNotNumbers
from rt.geometry import Grid

STEPS = 2**31 - 1
"""Of signed pixels on either side of 0."""
GRID_FRAME_OFFSET_VECTOR = 0x3004000C
NO_DOSE = "EFFECT_MAP"
"""DoseSummationType: a term of ours, where DICOM's all mean a dose."""


def write_map(
    values_kji: npt.NDArray[np.float32],
    grid: Grid,
    series: SeriesReference,
    header: ObjectHeader,
    unit: str,
) -> Dataset:
    """The data set of a signed map (k, j, i) on a grid in the frame of reference of a series.

    `unit` goes to DoseComment.  VoxelsNotNumbers where a value is not finite.
    """
    if not np.isfinite(values_kji).all():
        raise VoxelsNotNumbers("the map has values that are not finite")
    dataset = common_dataset(series, header, RTDoseStorage)
    dataset.Modality = "RTDOSE"
    dataset.ImagePositionPatient = [f"{v:.10g}" for v in grid.origin_lps_mm]
    dataset.ImageOrientationPatient = [f"{v:.10g}" for v in grid.matrix[:, :2].T.ravel()]
    i_mm, j_mm, k_mm = grid.spacing_ijk_mm
    dataset.PixelSpacing = [f"{j_mm:.10g}", f"{i_mm:.10g}"]
    dataset.SliceThickness = f"{k_mm:.10g}"
    dataset.GridFrameOffsetVector = [f"{k * k_mm:.10g}" for k in range(grid.shape_kji[0])]
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = grid.shape_kji
    dataset.FrameIncrementPointer = GRID_FRAME_OFFSET_VECTOR
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "RELATIVE", "ERROR", NO_DOSE
    dataset.DoseComment = plain_text(f"NO DOSE: {unit}", 64)
    dataset.InstanceNumber = 1
    _set_pixels(dataset, values_kji)
    return dataset


def _set_pixels(dataset: Dataset, values_kji: npt.NDArray[np.float32]) -> None:
    largest = max(float(np.abs(values_kji).max(initial=0.0)), 1e-30)
    dataset.DoseGridScaling = f"{largest / STEPS:.9e}"
    stored = np.rint(values_kji.astype(np.float64) / float(dataset.DoseGridScaling))
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 32, 32, 31
    dataset.PixelRepresentation = 1
    dataset.PixelData = np.clip(stored, -STEPS, STEPS).astype("<i4").tobytes()
